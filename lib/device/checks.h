#pragma once
// What every device checks of its weights and operands, and the words in which it refuses them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/matrix_view.h"
#include "bfp16/block.h"
#include "bfp16/panels.h"
#include "device/device.h"

namespace npuscribe {

class ThreadPool;

// Weights. Each throws ModelError; `name` is the weights'.

/// Unless there are `n` biases or none.
void check_bias(const std::string& name, std::span<const float> bias, size_t n);
/// If an exponent in the panels of W [n × k] is above simd::kLargestBlockExponent. Returns the range of the
/// exponents. `pool`, if given, shares the work.
bfp16::ExponentRange check_exponents(const uint8_t* panels, size_t n, size_t k, const std::string& name,
                                     ThreadPool* pool = nullptr);
/// The same, and if the sizes or the bias do not fit.
bfp16::ExponentRange check_blocks(const BlockWeights& weights, ThreadPool* pool = nullptr);
/// Always. `bad` is the bad value and its place: "NaN at row 3, column 17".
[[noreturn]] void refuse_weights(const std::string& name, const std::string& bad);
/// Always, naming the first value of `w` that is not finite or is `limit` or more in magnitude.
[[noreturn]] void refuse_weights(const std::string& name, MatrixView<const float> w,
                                 float limit = bfp16::kMagnitudeLimit);

// Operands. Each throws DeviceError.

/// If `rows` rows do not fit into an operand that was made for `max_rows`.
void check_fits(size_t rows, size_t max_rows);
/// If `x` and `norm` (which may be null) cannot be prepared into `out`: rows of another length, or a norm of
/// rows that are not whole blocks.
void check_prepare(MatrixView<const float> x, const LayerNorm* norm, const Operand& out);
/// Always. `device` is the device's name, and `bad` the bad value and its place.
[[noreturn]] void refuse_operand(std::string_view device, const std::string& bad);
/// Always, naming the first value of `x` that is not finite or is `limit` or more in magnitude.
[[noreturn]] void refuse_operand(std::string_view device, MatrixView<const float> x,
                                 float limit = bfp16::kMagnitudeLimit);
/// If `device` has not made `operand`.
void check_owner(const Operand& operand, const Device& device);

/// `operand` as `device`'s own type. Throws DeviceError if another device made it. Every device makes
/// operands of one type only.
template <class Own>
Own& as_own(Operand& operand, const Device& device) {
    check_owner(operand, device);
    return static_cast<Own&>(operand);
}
template <class Own>
const Own& as_own(const Operand& operand, const Device& device) {
    check_owner(operand, device);
    return static_cast<const Own&>(operand);
}

// Products. Each throws DeviceError; `name` is the weights'.

/// Unless x·Wᵀ is [rows × cols].
void check_product(const std::string& name, const Linear& w, const Operand& x, size_t rows, size_t cols);
/// If a residual is to be added to a product that becomes an operand.
void check_into_operand(const std::string& name, Epilogue epilogue);
/// Always. `bad` is the bad value of the product and its place.
[[noreturn]] void refuse_result(const std::string& name, const std::string& bad);
/// Always: row `row` of a product that was to become an operand holds a value that no operand can hold.
[[noreturn]] void refuse_result(const std::string& name, size_t row);

}  // namespace npuscribe
