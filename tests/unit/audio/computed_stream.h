#pragma once
// A stream for tests that computes its samples.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "audio/stream.h"
#include "base/error.h"

namespace npuscribe::test {

/// `sample(i)` is sample i of `length`. It can be hours long without being held anywhere. With `breaks`, its
/// end is an InputError.
class ComputedStream final : public audio::Stream {
  public:
    ComputedStream(int64_t length, std::function<float(int64_t)> sample, bool breaks = false)
        : length_(length), sample_(std::move(sample)), breaks_(breaks) {}
    size_t read(std::span<float> out) override {
        const auto count = std::min<int64_t>(length_ - position_, std::min<int64_t>(5000, std::ssize(out)));
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
    int64_t position_ = 0;
};

inline float noise(int64_t i) {
    return static_cast<float>((i * 7919 + i / 3 * 104729) % 2001 - 1000) / 4000.0F;
}

}  // namespace npuscribe::test
