#include "simd/matmul/block_matmul.h"

#include <cassert>

#include "simd/isa.h"
#include "simd/kernels.h"
#include "simd/matmul/block_matmul_avx2.h"
#include "simd/matmul/block_matmul_avx512.h"
#include "simd/matmul/block_matmul_avx_vnni.h"
#include "simd/matmul/quantise_rows.h"

namespace npuscribe::simd {
namespace {

/// Which of the three kernels.
enum class Width { bits_512, bits_256, words };

Width width() {
    switch (kernels().bfp16_matmul) {
        case BlockMatmul::int16:
            return Width::words;
        case BlockMatmul::vnni_256:
            return Width::bits_256;
        default:
            return Width::bits_512;
    }
}

}  // namespace

std::optional<size_t> quantise_rows(QuantiseRow quantise, MatrixView<const float> x,
                                    const std::function<uint8_t*(size_t)>& place, ExponentRange& range) {
    std::optional<size_t> bad;
    for (size_t r = 0; r < x.rows; ++r) {
        if (!quantise(x.row(r), x.cols, place(r), range) && !bad) bad = r;
    }
    return bad;
}

bool can_multiply_blocks() {
    return has_vnni() || width() != Width::bits_512;
}

size_t block_operand_bytes(size_t m, size_t k) {
    return width() == Width::words ? left_words_bytes(m, k) : left_rows_bytes(m, k);
}

std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding rounding,
                                             const OperandPlace& to, ExponentRange& range) {
    assert(x.cols % bfp16::kBlockSize == 0 && to.k % bfp16::kBlockSize == 0 &&
           to.col % bfp16::kBlockSize == 0);
    switch (width()) {
        case Width::words:
            return avx2::quantise_block_operand(x, rounding, to, range);
        case Width::bits_256:
            return avx_vnni::quantise_block_operand(x, rounding, to, range);
        case Width::bits_512:
            break;
    }
    return avx512_vnni::quantise_block_operand(x, rounding, to, range);
}

void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    assert(row % kBlockGroupRows == 0);
    switch (width()) {
        case Width::words:
            return avx2::multiply_blocks(in, row, first, out);
        case Width::bits_256:
            return avx_vnni::multiply_blocks(in, row, first, out, avx_vnni::encoding());
        case Width::bits_512:
            break;
    }
    avx512_vnni::multiply_blocks(in, row, first, out);
}

}  // namespace npuscribe::simd
