#include "device/block_weights.h"

#include <mutex>

#include "base/error.h"
#include "base/thread_pool.h"
#include "simd/rows/blocks.h"

namespace npuscribe {

bfp16::ExponentRange check_exponents(const uint8_t* panels, size_t n, size_t k, const std::string& name,
                                     ThreadPool* pool) {
    const size_t count = bfp16::panels(n);
    bfp16::ExponentRange exponents;
    if (pool == nullptr) {
        exponents = bfp16::exponents_of(panels, k, 0, count);
    } else {
        std::mutex mutex;
        pool->for_each(count, (count + pool->size() - 1) / pool->size(),
                       [&](size_t begin, size_t end, size_t) {
                           const auto some = bfp16::exponents_of(panels, k, begin, end - begin);
                           const std::lock_guard lock(mutex);
                           exponents.include(some);
                       });
    }
    if (exponents.highest > simd::kLargestBlockExponent) {
        const auto row = bfp16::exponent_above(simd::kLargestBlockExponent, panels, n, k);
        throw ModelError("the weights of " + name + " are damaged: a block of row " +
                         std::to_string(row.value_or(0)) + " has the exponent " +
                         std::to_string(exponents.highest) + ", above " +
                         std::to_string(simd::kLargestBlockExponent));
    }
    return exponents;
}

bfp16::ExponentRange check_blocks(const BlockWeights& weights, ThreadPool* pool) {
    const size_t wanted = bfp16::panel_bytes(weights.n, weights.k);
    if (weights.k % bfp16::kBlockSize != 0 || weights.panels.size() != wanted) {
        throw ModelError(weights.name + ": " + std::to_string(weights.n) + " x " + std::to_string(weights.k) +
                         " weights take " + std::to_string(wanted) +
                         " bytes of BFP16 blocks in panels of 64 rows, got " +
                         std::to_string(weights.panels.size()));
    }
    if (!weights.bias.empty() && weights.bias.size() != weights.n) {
        throw ModelError(weights.name + ": " + std::to_string(weights.bias.size()) + " biases for " +
                         std::to_string(weights.n) + " output features");
    }
    return check_exponents(weights.panels.data(), weights.n, weights.k, weights.name, pool);
}

std::vector<uint8_t> rows_of_blocks(const BlockWeights& weights) {
    std::vector<uint8_t> blocks(weights.n * bfp16::row_bytes(weights.k));
    bfp16::unpack_panels(weights.panels.data(), weights.k, 0, weights.n, blocks.data());
    return blocks;
}

}  // namespace npuscribe
