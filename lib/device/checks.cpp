#include "device/checks.h"

#include <fmt/format.h>

#include <cmath>
#include <mutex>

#include "base/error.h"
#include "base/thread_pool.h"
#include "simd/rows/blocks.h"

namespace npuscribe {
namespace {

/// "NaN at row 3, column 17": the first value of `x` that is not finite or is `limit` or more in magnitude.
std::string bad_value(MatrixView<const float> x, float limit) {
    for (size_t r = 0; r < x.rows; ++r) {
        for (size_t c = 0; c < x.cols; ++c) {
            const float value = x(r, c);
            if (std::isfinite(value) && std::fabs(value) < limit) continue;
            return fmt::format("{} at row {}, column {}",
                               std::isnan(value) ? "NaN" : fmt::format("{}", value), r, c);
        }
    }
    return "a value that is too large after normalisation";
}

std::string describe(const Device& device) {
    const DeviceInfo info = device.info();
    return fmt::format("{} device ({})", info.name, info.numerics);
}

}  // namespace

void check_bias(const std::string& name, std::span<const float> bias, size_t n) {
    if (bias.empty() || bias.size() == n) return;
    throw ModelError(fmt::format("{}: {} biases for {} output features", name, bias.size(), n));
}

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
        throw ModelError(
            fmt::format("the weights of {} are damaged: a block of row {} has the exponent {}, above {}",
                        name, row.value_or(0), exponents.highest, simd::kLargestBlockExponent));
    }
    return exponents;
}

bfp16::ExponentRange check_blocks(const BlockWeights& weights, ThreadPool* pool) {
    const size_t wanted = bfp16::panel_bytes(weights.n, weights.k);
    if (weights.k % bfp16::kBlockSize != 0 || weights.panels.size() != wanted) {
        throw ModelError(
            fmt::format("{}: {} x {} weights take {} bytes of BFP16 blocks in panels of 64 rows, got {}",
                        weights.name, weights.n, weights.k, wanted, weights.panels.size()));
    }
    check_bias(weights.name, weights.bias, weights.n);
    return check_exponents(weights.panels.data(), weights.n, weights.k, weights.name, pool);
}

void refuse_weights(const std::string& name, const std::string& bad) {
    throw ModelError(fmt::format("the weights of {} hold {}", name, bad));
}

void refuse_weights(const std::string& name, MatrixView<const float> w, float limit) {
    refuse_weights(name, bad_value(w, limit));
}

void check_fits(size_t rows, size_t max_rows) {
    if (rows <= max_rows) return;
    throw DeviceError(
        fmt::format("{} rows do not fit into an operand that was made for up to {}", rows, max_rows));
}

void check_prepare(MatrixView<const float> x, const LayerNorm* norm, const Operand& out) {
    if (x.cols != out.cols()) {
        throw DeviceError(
            fmt::format("rows of {} values do not fit into an operand of {} columns", x.cols, out.cols()));
    }
    if (norm == nullptr) return;
    if (x.cols % bfp16::kBlockSize != 0) {
        throw DeviceError(fmt::format("layer norm needs rows whose length is a multiple of {}, got {}",
                                      bfp16::kBlockSize, x.cols));
    }
    if (norm->weight.size() != x.cols || norm->bias.size() != x.cols) {
        throw DeviceError(
            fmt::format("a layer norm of {} weights and {} biases does not fit rows of {} values",
                        norm->weight.size(), norm->bias.size(), x.cols));
    }
}

void refuse_operand(std::string_view device, const std::string& bad) {
    throw DeviceError(fmt::format("an operand of the {} device holds {}", device, bad));
}

void refuse_operand(std::string_view device, MatrixView<const float> x, float limit) {
    refuse_operand(device, bad_value(x, limit));
}

void check_owner(const Operand& operand, const Device& device) {
    if (&operand.device() == &device) return;
    throw DeviceError(
        fmt::format("an operand of the {} was given to the {}: make operands with the device that "
                    "holds the weights",
                    describe(operand.device()), describe(device)));
}

void check_product(const std::string& name, const Linear& w, const Operand& x, size_t rows, size_t cols) {
    if (x.cols() == w.k() && rows == x.rows() && cols == w.n()) return;
    throw DeviceError(
        fmt::format("{}: an operand [{} × {}] and weights [{} × {}] do not make a result [{} × {}]", name,
                    x.rows(), x.cols(), w.n(), w.k(), rows, cols));
}

void check_into_operand(const std::string& name, Epilogue epilogue) {
    if (epilogue != Epilogue::add_residual) return;
    throw DeviceError(fmt::format("{}: a residual can be added to a matrix, but not to an operand", name));
}

void refuse_result(const std::string& name, const std::string& bad) {
    throw DeviceError(fmt::format("the result of {} holds {}", name, bad));
}

void refuse_result(const std::string& name, size_t row) {
    refuse_result(name, fmt::format("{} in row {}", simd::kNotInBlocks, row));
}

}  // namespace npuscribe
