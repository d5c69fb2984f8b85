#include "decoder/row_math.h"

#include <algorithm>
#include <cmath>

#include "simd/rows/reductions.h"

namespace npuscribe::row {

namespace {

constexpr size_t kBlock = 256;  // values whose sum or maximum is looked at before each of them is

}  // namespace

float max(std::span<const float> values) {
    return simd::row_max(values);
}

size_t index_of(std::span<const float> values, float value) {
    for (size_t begin = 0; begin < values.size(); begin += kBlock) {
        const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
        if (max(block) < value) continue;
        const auto found = std::find(block.begin(), block.end(), value);
        if (found != block.end()) return begin + static_cast<size_t>(found - block.begin());
    }
    return values.size();
}

double sum_exp(std::span<const float> values, float max, float scale) {
    return simd::row_sum_exp(values, max, scale);
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
            target -= std::exp(static_cast<double>((block[i] - max) * scale));
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
