#include <algorithm>
#include <stdexcept>

#include "audio/break_aware_reader.h"
#include "audio/log_mel.h"
#include "audio/window.h"

namespace npuscribe::audio {
namespace {

class SequentialWindows final : public Windows {
  public:
    SequentialWindows(Stream& stream, size_t max_samples) : reader_(stream), max_samples_(max_samples) {}

    std::optional<Window> next() override {
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
        if (buffer_.size() < kHopLength) {
            reader_.rethrow();
            return std::nullopt;
        }
        const auto length = static_cast<int64_t>(buffer_.size());
        resume_ = start_ + length;
        return Window{buffer_, {{0, start_, length}}};
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
    int64_t speech_samples() const override { return reader_.samples(); }
    int64_t samples_held() const override { return static_cast<int64_t>(buffer_.size()); }

  private:
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
};

}  // namespace

std::unique_ptr<Windows> sequential_windows(Stream& stream, size_t max_samples) {
    return std::make_unique<SequentialWindows>(stream, std::clamp(max_samples, kHopLength, kWindowSamples));
}

}  // namespace npuscribe::audio
