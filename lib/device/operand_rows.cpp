#include "device/operand_rows.h"

#include <algorithm>

#include "base/error.h"
#include "bfp16/block.h"

namespace npuscribe {

MatrixView<const float> in_whole_blocks(MatrixView<const float> x, const simd::RowPreparation& how,
                                        Buffer<float>& scratch) {
    const size_t padded = bfp16::padded(x.cols);
    if (how.operation == simd::RowOperation::none && x.cols == padded) return x;
    scratch.reserve_discard(x.rows * padded);
    const MatrixView<float> out(scratch.data(), x.rows, padded);
    if (x.cols == padded) {
        simd::prepare_f32(x, how, out);
        return out;
    }
    if (how.operation == simd::RowOperation::layer_norm) {
        throw DeviceError("layer norm needs a row length that is a multiple of 8, not " +
                          std::to_string(x.cols));
    }
    for (size_t r = 0; r < x.rows; ++r)
        std::fill(std::copy_n(x.row(r), x.cols, out.row(r)), out.row(r) + padded, 0.0F);
    if (how.operation == simd::RowOperation::gelu) simd::gelu(out);
    return out;
}

void check_product(const std::string& name, const Operand& x, size_t n, size_t k, size_t rows, size_t cols) {
    if (x.cols() == k && rows == x.rows() && cols == n) return;
    throw DeviceError(name + ": cannot make [" + std::to_string(rows) + " × " + std::to_string(cols) +
                      "] of [" + std::to_string(x.rows()) + " × " + std::to_string(x.cols()) +
                      "] with weights [" + std::to_string(n) + " × " + std::to_string(k) + "]");
}

}  // namespace npuscribe
