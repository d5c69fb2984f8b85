#include "audio/silero_vad.h"

#include <algorithm>
#include <stdexcept>

#include "audio/silero_kernel.h"

namespace npuscribe::audio {

struct VadDetector::State {
    const VadModel::Weights* weights = nullptr;
    float context[kVadContext] = {};  // the last samples of the frame before
    VadMemory memory;
    VadActivations activations;
};

VadDetector::VadDetector(const VadModel& model) : state_(std::make_unique<State>()) {
    state_->weights = &model.weights();
}
VadDetector::~VadDetector() = default;
VadDetector::VadDetector(VadDetector&&) noexcept = default;

void VadDetector::reset() {
    std::fill_n(state_->context, kVadContext, 0.0F);
    state_->memory = {};
}

namespace {

/// One frame, with what stands before it and its mirrored end, as column `column` of the batch.
void put_frame(const float* before, const float* frame, size_t column, float* batch) {
    const auto put = [&](size_t row, float value) { batch[row * kVadBatch + column] = value; };
    for (size_t i = 0; i < kVadContext; ++i) put(i, before[i]);
    for (size_t i = 0; i < kVadFrame; ++i) put(kVadContext + i, frame[i]);
    for (size_t i = 0; i < kVadPadded - kVadContext - kVadFrame; ++i) {
        put(kVadContext + kVadFrame + i, frame[kVadFrame - 2 - i]);
    }
}

}  // namespace

void VadDetector::run(std::span<const float> samples, std::span<float> probabilities) {
    if (samples.size() != probabilities.size() * kVadFrame) {
        throw std::invalid_argument("VadDetector: samples are not 512 a probability");
    }
    State& state = *state_;
    for (size_t first = 0; first < probabilities.size(); first += kVadBatch) {
        const size_t frames = std::min(kVadBatch, probabilities.size() - first);
        float* batch = state.activations.samples.data();
        if (frames < kVadBatch) std::fill_n(batch, kVadPadded * kVadBatch, 0.0F);
        const float* at = samples.data() + first * kVadFrame;
        for (size_t i = 0; i < frames; ++i) {
            const float* frame = at + i * kVadFrame;
            put_frame(i == 0 ? state.context : frame - kVadContext, frame, i, batch);
        }
        std::copy_n(at + frames * kVadFrame - kVadContext, kVadContext, state.context);
        vad_encode(*state.weights, state.activations);
        vad_recur(*state.weights, state.activations.gates.data(), frames, state.memory,
                  probabilities.data() + first);
    }
}

}  // namespace npuscribe::audio
