#pragma once
// Numbers for generated data.

#include <cstdint>

namespace npuscribe::bench {

/// splitmix64 (Steele, Lea and Flood, 2014) of a position: the same value on every machine.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U) {}
    uint64_t next() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15U;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    /// A whole number from −limit to limit.
    int64_t around_zero(int64_t limit) {
        return static_cast<int64_t>(next() % static_cast<uint64_t>(2 * limit + 1)) - limit;
    }
    /// From −1 to 1, with a peak at 0.
    float bell() {
        int64_t sum = 0;
        for (const uint64_t bits = next(); const int part : {0, 16, 32, 48})
            sum += static_cast<int64_t>(bits >> part & 0xFFFFU) - 0x7FFF;
        return static_cast<float>(sum) / 0x1p17F;
    }

  private:
    uint64_t state_;
};

}  // namespace npuscribe::bench
