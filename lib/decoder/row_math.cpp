#include "decoder/row_math.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace npuscribe::row {

namespace {

constexpr size_t kLanes = 16;
constexpr size_t kBlock = 256;  // values whose sum or maximum is looked at before each of them is

/// exp(x) for x <= 0, within 2e-7 relative; 1e-38 stands for everything below −87. No branch: it has to
/// vectorise.
inline float exp_negative(float x) {
    constexpr float kLog2E = 1.44269504F;
    constexpr float kRound = 12582912.0F;  // 1.5 · 2^23: adding it rounds to an integer, left in the low bits
    float t = x * kLog2E;
    t = t < -126.0F ? -126.0F : t;
    const float rounded = t + kRound;
    const float f = t - (rounded - kRound);  // in [−1/2, 1/2]
    // 2^f: Taylor series of exp(f · ln 2) to the sixth power.
    float p = 1.54035304e-4F;
    p = p * f + 1.33335581e-3F;
    p = p * f + 9.61812911e-3F;
    p = p * f + 5.55041087e-2F;
    p = p * f + 2.40226507e-1F;
    p = p * f + 6.93147181e-1F;
    p = p * f + 1.0F;
    // The low bits of `rounded` are the exponent; what is above them is shifted out.
    return std::bit_cast<float>(std::bit_cast<uint32_t>(p) + (std::bit_cast<uint32_t>(rounded) << 23U));
}

}  // namespace

float max(std::span<const float> values) {
    std::array<float, kLanes> lanes;
    lanes.fill(kMinusInfinity);
    const size_t whole = values.size() / kLanes * kLanes;
    const float* x = values.data();
    for (size_t i = 0; i < whole; i += kLanes) {
        for (size_t lane = 0; lane < kLanes; ++lane) {
            lanes[lane] = x[i + lane] > lanes[lane] ? x[i + lane] : lanes[lane];
        }
    }
    float result = kMinusInfinity;
    for (const float lane : lanes) result = lane > result ? lane : result;
    for (size_t i = whole; i < values.size(); ++i) result = x[i] > result ? x[i] : result;
    return result;
}

size_t index_of(std::span<const float> values, float value) {
    return static_cast<size_t>(std::find(values.begin(), values.end(), value) - values.begin());
}

double sum_exp(std::span<const float> values, float max, float scale) {
    std::array<float, kLanes> lanes{};
    const size_t whole = values.size() / kLanes * kLanes;
    const float* x = values.data();
    for (size_t i = 0; i < whole; i += kLanes) {
        for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += exp_negative((x[i + lane] - max) * scale);
    }
    double result = 0;
    for (const float lane : lanes) result += static_cast<double>(lane);
    for (size_t i = whole; i < values.size(); ++i) {
        result += static_cast<double>(exp_negative((x[i] - max) * scale));
    }
    return result;
}

double log_sum_exp(std::span<const float> values) {
    const float largest = max(values);
    if (largest == kMinusInfinity) return -std::numeric_limits<double>::infinity();
    return static_cast<double>(largest) + std::log(sum_exp(values, largest));
}

void top_k(std::span<const float> values, size_t first, size_t k, std::vector<Ranked>& best) {
    const auto floor = [&] { return best.size() < k ? kMinusInfinity : best.back().value; };
    for (size_t begin = 0; begin < values.size(); begin += kBlock) {
        const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
        if (!(max(block) > floor())) continue;
        for (size_t i = 0; i < block.size(); ++i) {
            if (!(block[i] > floor())) continue;
            const auto place = std::find_if(best.begin(), best.end(),
                                            [&](const Ranked& other) { return other.value < block[i]; });
            best.insert(place, Ranked{first + begin + i, block[i]});
            if (best.size() > k) best.pop_back();
        }
    }
}

size_t index_at(std::span<const float> values, float max, float scale, double target) {
    size_t last =
        values.size();  // the last one that may be sampled, for a target that rounding has put past the sum
    for (size_t begin = 0; begin < values.size(); begin += kBlock) {
        const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
        const double sum = sum_exp(block, max, scale);
        if (target >= sum && begin + kBlock < values.size()) {
            target -= sum;
            continue;
        }
        for (size_t i = 0; i < block.size(); ++i) {
            if (block[i] == kMinusInfinity) continue;
            last = begin + i;
            target -= static_cast<double>(exp_negative((block[i] - max) * scale));
            if (target < 0) return last;
        }
    }
    if (last < values.size()) return last;
    for (size_t i = values.size(); i-- > 0;) {
        if (values[i] != kMinusInfinity) return i;
    }
    return values.size();
}

}  // namespace npuscribe::row
