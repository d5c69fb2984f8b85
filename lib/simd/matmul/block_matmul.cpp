#include "simd/matmul/block_matmul.h"

#include <cassert>

#include "simd/isa.h"
#include "simd/kernels.h"
#include "simd/matmul/block_matmul_avx512.h"
#include "simd/matmul/block_matmul_avx_vnni.h"
#include "simd/matmul/quantise_rows.h"

namespace npuscribe::simd {
namespace {

bool on_256_bits() {
    return kernels().bfp16_matmul == BlockMatmul::vnni_256;
}

}  // namespace

std::optional<size_t> quantise_rows(QuantiseRow quantise, MatrixView<const float> x, const OperandPlace& to,
                                    ExponentRange& range) {
    std::optional<size_t> bad;
    for (size_t r = 0; r < x.rows; ++r) {
        if (!quantise(x.row(r), x.cols, to.at(r), range) && !bad) bad = r;
    }
    return bad;
}

bool can_multiply_blocks() {
    return has_vnni() || on_256_bits();
}

std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding rounding,
                                             const OperandPlace& to, ExponentRange& range) {
    assert(x.cols % bfp16::kBlockSize == 0 && to.k % bfp16::kBlockSize == 0 &&
           to.col % bfp16::kBlockSize == 0);
    if (on_256_bits()) return avx_vnni::quantise_block_operand(x, rounding, to, range);
    return avx512_vnni::quantise_block_operand(x, rounding, to, range);
}

void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    assert(row % kBlockGroupRows == 0);
    if (on_256_bits()) return avx_vnni::multiply_blocks(in, row, first, out, avx_vnni::encoding());
    avx512_vnni::multiply_blocks(in, row, first, out);
}

}  // namespace npuscribe::simd
