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

void check_fits(size_t rows, size_t max_rows) {
    if (rows <= max_rows) return;
    throw DeviceError("an operand of " + std::to_string(rows) + " rows does not fit where " +
                      std::to_string(max_rows) + " were planned");
}

void check_columns(MatrixView<const float> x, const Operand& out) {
    if (x.cols == out.cols()) return;
    throw DeviceError("rows of " + std::to_string(x.cols) + " values do not fit an operand of " +
                      std::to_string(out.cols()) + " columns");
}

void check_into_operand(const std::string& name, Epilogue epilogue) {
    if (epilogue != Epilogue::add_residual) return;
    throw DeviceError(name + ": a residual can only be added to a matrix, not to an operand");
}

void refuse_result(const std::string& name, size_t row) {
    throw DeviceError(name + ": its result has Inf, NaN or 2^111 and more in row " + std::to_string(row));
}

simd::RowPreparation in_f32(const LayerNorm* norm) {
    simd::RowPreparation how;
    how.numerics = simd::Numerics::f32;
    if (norm != nullptr) {
        how.operation = simd::RowOperation::layer_norm;
        how.norm_weight = norm->weight.data();
        how.norm_bias = norm->bias.data();
    }
    return how;
}

}  // namespace npuscribe
