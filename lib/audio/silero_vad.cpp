#include "audio/silero_vad.h"

#include <algorithm>
#include <stdexcept>

#include "audio/silero_kernel.h"

namespace npuscribe::audio {
namespace {

/// Writes one frame as column `column` of the batch: the samples before it, the frame, and its end mirrored.
void put_frame(const float* before, const float* frame, size_t column, float* batch) {
    const auto put = [&](size_t row, float value) { batch[row * kSileroBatch + column] = value; };
    for (size_t i = 0; i < kSileroContext; ++i) put(i, before[i]);
    for (size_t i = 0; i < SileroVad::kFrame; ++i) put(kSileroContext + i, frame[i]);
    for (size_t i = 0; i < kSileroPadded - kSileroContext - SileroVad::kFrame; ++i) {
        put(kSileroContext + SileroVad::kFrame + i, frame[SileroVad::kFrame - 2 - i]);
    }
}

class SileroDetector final : public SpeechDetector {
  public:
    explicit SileroDetector(const SileroVad::Weights& weights) : weights_(weights) {}

    size_t frame_samples() const override { return SileroVad::kFrame; }

    void run(std::span<const float> samples, std::span<float> probabilities) override {
        if (samples.size() != probabilities.size() * SileroVad::kFrame) {
            throw std::invalid_argument("SileroDetector: every probability needs 512 samples");
        }
        for (size_t first = 0; first < probabilities.size(); first += kSileroBatch) {
            const size_t frames = std::min(kSileroBatch, probabilities.size() - first);
            run_batch(samples.data() + first * SileroVad::kFrame, probabilities.subspan(first, frames));
        }
    }

    void reset() override {
        std::fill_n(context_, kSileroContext, 0.0F);
        memory_ = {};
    }

  private:
    /// At most kSileroBatch frames.
    void run_batch(const float* samples, std::span<float> probabilities) {
        const size_t frames = probabilities.size();
        Buffer<float>& batch = activations_.samples;
        if (frames < kSileroBatch) std::fill(batch.begin(), batch.end(), 0.0F);
        for (size_t i = 0; i < frames; ++i) {
            const float* frame = samples + i * SileroVad::kFrame;
            put_frame(i == 0 ? context_ : frame - kSileroContext, frame, i, batch.data());
        }
        std::copy_n(samples + frames * SileroVad::kFrame - kSileroContext, kSileroContext, context_);
        silero_encode(weights_, activations_, frames);
        silero_recur(weights_, activations_.gates.data(), memory_, probabilities);
    }

    const SileroVad::Weights& weights_;
    float context_[kSileroContext] = {};  // the last samples of the frame before
    SileroMemory memory_;
    SileroActivations activations_;
};

}  // namespace

std::unique_ptr<SpeechDetector> SileroVad::detector() const {
    return std::make_unique<SileroDetector>(*weights_);
}

}  // namespace npuscribe::audio
