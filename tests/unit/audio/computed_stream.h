#pragma once
// A stream for tests that computes its samples.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audio/stream.h"
#include "base/error.h"

namespace npuscribe::test {

/// `sample(i)` is sample i of `length`. As if it came through a pipe, it pauses once at each of `pauses`. It
/// can be hours long without being held anywhere. With `breaks`, its end is an InputError.
class ComputedStream final : public audio::Stream {
  public:
    ComputedStream(int64_t length, std::function<float(int64_t)> sample, bool breaks = false,
                   std::vector<int64_t> pauses = {})
        : length_(length), sample_(std::move(sample)), breaks_(breaks), pauses_(std::move(pauses)) {}
    bool wait() override {
        if (pauses_.empty() || pauses_.front() != position_) return true;
        pauses_.erase(pauses_.begin());
        return false;
    }
    size_t read(std::span<float> out) override {
        const int64_t end = pauses_.empty() ? length_ : pauses_.front();
        const auto count = std::min<int64_t>(end - position_, std::min<int64_t>(5000, std::ssize(out)));
        if (count == 0 && breaks_) throw InputError("it breaks off");
        for (int64_t i = 0; i < count; ++i) out[static_cast<size_t>(i)] = sample_(position_ + i);
        position_ += count;
        return static_cast<size_t>(count);
    }
    std::optional<double> duration() const override { return std::nullopt; }
    std::string description() const override { return "computed"; }

  private:
    int64_t length_;
    std::function<float(int64_t)> sample_;
    bool breaks_;
    std::vector<int64_t> pauses_;
    int64_t position_ = 0;
};

inline float noise(int64_t i) {
    return static_cast<float>((i * 7919 + i / 3 * 104729) % 2001 - 1000) / 4000.0F;
}

}  // namespace npuscribe::test
