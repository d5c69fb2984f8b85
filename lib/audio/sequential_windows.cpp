#include <algorithm>
#include <stdexcept>

#include "audio/break_aware_reader.h"
#include "audio/log_mel.h"
#include "audio/window.h"

namespace npuscribe::audio {
namespace {

/// The step between two samples of 16 bits. What keeps within one is silence, with or without dither.
constexpr float kStep = 1.0F / 32768;

bool has_sound(std::span<const float> samples) {
    const auto [lowest, highest] = std::minmax_element(samples.begin(), samples.end());
    return *highest - *lowest > kStep;
}

class SequentialWindows final : public Windows {
  public:
    SequentialWindows(Stream& stream, size_t max_samples) : reader_(stream), max_samples_(max_samples) {}

    std::optional<Window> next() override {
        while (read_window()) {
            if (has_sound(buffer_)) return Window{buffer_, {{0, start_, length()}}};
            silent_ += length();
        }
        reader_.rethrow();
        return std::nullopt;
    }

    void resume_at(int64_t sample) override {
        if (sample < start_)
            throw std::invalid_argument("sequential windows cannot go back before the last window");
        resume_ = sample;
    }

    bool sequential() const override { return true; }
    int64_t samples_read() const override { return reader_.samples(); }
    double decode_seconds() const override { return reader_.seconds(); }
    float peak() const override { return reader_.peak(); }
    double vad_seconds() const override { return 0; }
    int64_t speech_samples() const override { return reader_.samples() - silent_; }
    int64_t samples_held() const override { return length(); }

  private:
    int64_t length() const { return static_cast<int64_t>(buffer_.size()); }

    /// Fills the buffer with the next window, and resumes after it. False at the end of the file.
    bool read_window() {
        drop_before(resume_);
        size_t more = 0;
        do {
            const size_t held = buffer_.size();
            buffer_.resize(max_samples_);
            const size_t count = reader_.read(std::span(buffer_).subspan(held));
            buffer_.resize(held + count);
            more += count;
            // What is left of the last window waits until a pipe that pauses goes on.
        } while (reader_.paused() && (more == 0 || buffer_.size() < kHopLength));
        resume_ = start_ + length();
        return buffer_.size() >= kHopLength;
    }

    /// Makes `sample` the first one in the buffer, and skips the samples before it.
    void drop_before(int64_t sample) {
        const int64_t known = std::min<int64_t>(sample - start_, static_cast<int64_t>(buffer_.size()));
        buffer_.erase(buffer_.begin(), buffer_.begin() + known);
        start_ += known;
        while (start_ < sample && !reader_.ended()) {
            std::vector<float> skipped(
                static_cast<size_t>(std::min<int64_t>(sample - start_, kWindowSamples)));
            start_ += static_cast<int64_t>(reader_.read(skipped));
        }
    }

    BreakAwareReader reader_;
    size_t max_samples_;
    std::vector<float> buffer_;  // the last window
    int64_t start_ = 0;          // the first sample of the buffer in the file
    int64_t resume_ = 0;
    int64_t silent_ = 0;  // samples of the windows that were left out
};

}  // namespace

std::unique_ptr<Windows> sequential_windows(Stream& stream, size_t max_samples) {
    return std::make_unique<SequentialWindows>(stream, std::clamp(max_samples, kHopLength, kWindowSamples));
}

}  // namespace npuscribe::audio
