#include "device/operand_rows.h"

#include <algorithm>
#include <cassert>

#include "bfp16/block.h"

namespace npuscribe {

simd::RowPreparation preparation(const LayerNorm* norm, simd::Numerics numerics, bfp16::Rounding rounding) {
    simd::RowPreparation how;
    how.numerics = numerics;
    how.rounding = rounding;
    if (norm != nullptr) {
        how.operation = simd::RowOperation::layer_norm;
        how.norm_weight = norm->weight.data();
        how.norm_bias = norm->bias.data();
    }
    return how;
}

simd::RowPreparation preparation(Epilogue epilogue, simd::Numerics numerics, bfp16::Rounding rounding) {
    simd::RowPreparation how = preparation(nullptr, numerics, rounding);
    if (epilogue == Epilogue::gelu) how.operation = simd::RowOperation::gelu;
    return how;
}

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
    assert(how.operation != simd::RowOperation::layer_norm);
    for (size_t r = 0; r < x.rows; ++r)
        std::fill(std::copy_n(x.row(r), x.cols, out.row(r)), out.row(r) + padded, 0.0F);
    if (how.operation == simd::RowOperation::gelu) simd::gelu(out);
    return out;
}

}  // namespace npuscribe
