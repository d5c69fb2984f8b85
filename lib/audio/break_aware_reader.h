#pragma once
// Reads a stream in whole blocks, and reports a break in it only after everything before the break has been
// used. Private to lib/audio.

#include <algorithm>
#include <cmath>
#include <exception>
#include <span>

#include "audio/stream.h"
#include "base/error.h"
#include "base/stopwatch.h"

namespace npuscribe::audio {

class BreakAwareReader {
  public:
    explicit BreakAwareReader(Stream& stream) : stream_(stream) {}

    /// Fills `out`. Returns fewer samples only at the end of the stream, at a break, or if a pipe pauses.
    size_t read(std::span<float> out) {
        size_t done = 0;
        waited_ = 0;
        paused_ = false;
        while (done < out.size() && !ended_) {
            try {
                {
                    const AddTime time(waited_);
                    paused_ = !stream_.wait();
                }
                if (paused_) break;
                const AddTime time(seconds_);
                const size_t count = stream_.read(out.subspan(done));
                done += count;
                ended_ = count == 0;
            } catch (const InputError&) {
                broken_ = std::current_exception();
                ended_ = true;
            }
        }
        samples_ += static_cast<int64_t>(done);
        for (const float sample : out.first(done)) peak_ = std::max(peak_, std::abs(sample));
        return done;
    }

    bool ended() const { return ended_; }
    /// The last `read` was cut short because the stream's pipe gave nothing for a while.
    bool paused() const { return paused_; }
    /// Seconds for which the last `read` waited for a pipe.
    double waited() const { return waited_; }
    int64_t samples() const { return samples_; }
    double seconds() const { return seconds_; }
    float peak() const { return peak_; }
    /// Throws the exception that broke the stream, if there was one.
    void rethrow() const {
        if (broken_) std::rethrow_exception(broken_);
    }

  private:
    Stream& stream_;
    bool ended_ = false;
    bool paused_ = false;
    double waited_ = 0;
    int64_t samples_ = 0;
    float peak_ = 0;
    double seconds_ = 0;
    std::exception_ptr broken_;
};

}  // namespace npuscribe::audio
