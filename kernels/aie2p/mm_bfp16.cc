// SPDX-License-Identifier: MIT
// BFP16 matrix multiply of one core's tile: C [M × N] f32 += A [M × K] · B [N × K]ᵀ, both operands bfp16ebs8
// with their blocks along K. C stays f32 from the first K tile to the last: nothing is quantised on the way.
//
// A, B: 8 × 8 subtiles of 72 bytes, row-major in the tile. C: 8 × 8 subtiles of 64 f32, row-major. All three
// begin at a multiple of 64 bytes.
//
// 72 bytes is not a multiple of the load size, so subtiles are read through a stream, whose state is in one
// of the core's two load FIFO registers: one stream for A and one for B, each of which goes from one row of
// subtiles to the other and back. Such a jump, after a pop that did not jump, reads other blocks if it is
// odd, or if that pop read the last block of eight (known faults of the API). A row has an even number of
// blocks, so neither happens.

#include "capabilities.h"

namespace {

constexpr unsigned kSubtile = 8;
constexpr unsigned kRows = DIM_M / kSubtile;
constexpr unsigned kDepth = DIM_K / kSubtile;
constexpr unsigned kCols = DIM_N / kSubtile;
static_assert(DIM_M % (2 * kSubtile) == 0 && DIM_N % (2 * kSubtile) == 0, "2 x 2 subtiles of C at a time");
static_assert(DIM_K % (2 * kSubtile) == 0, "two blocks of K at a time");
constexpr unsigned kGroups = kRows / 2 * (kCols / 2);
static_assert(kGroups >= 4, "enough of them to pipeline");
constexpr int kToNextRow = kDepth - 2;            // from after a row's two blocks to the other row's
constexpr int kBack = -static_cast<int>(kDepth);  // from after those to the first row's next two

using Block = aie::block_vector<bfp16ebs8, 64>;
using Stream = aie::block_vector_input_buffer_stream<bfp16ebs8, 64>;

using Product = aie::mmul<8, 8, 8, bfp16ebs8, bfp16ebs8>;

/// One block of K: 2 × 2 subtiles of C.
inline __attribute__((always_inline)) void multiply(const Block& left0, const Block& left1,
                                                    const Block& right0, const Block& right1, Product& c00,
                                                    Product& c01, Product& c10, Product& c11) {
    // B [N x K] is what the multiplier wants; the API calls that the transpose of B [K x N].
    const auto right0_t = aie::op_transpose(right0), right1_t = aie::op_transpose(right1);
    c00.mac(left0, right0_t);
    c01.mac(left0, right1_t);
    c10.mac(left1, right0_t);
    c11.mac(left1, right1_t);
}

}  // namespace

extern "C" {

/// Starts a tile of C at the bias of its columns: N f32 at the start of a tile of B, the header of its row of
/// tiles.
void NPUSCRIBE_ENTRY(npuscribe_bfp16_init)(const uint8_t* __restrict header, float* __restrict c) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const float* __restrict bias = reinterpret_cast<const float*>(header);
    for (unsigned row = 0; row < kRows; ++row) {
        NPUSCRIBE_PIPELINED NPUSCRIBE_AT_LEAST(2) for (unsigned col = 0; col < kCols; ++col) {
            const aie::vector<float, 8> one = aie::load_v<8>(bias + col * kSubtile);
            const aie::vector<float, 16> two = aie::concat(one, one);
            aie::store_v(c, aie::concat(two, two, two, two));
            c += 64;
        }
    }
}

/// Adds the product of one tile of A and one of B.
void NPUSCRIBE_ENTRY(npuscribe_bfp16_multiply)(const uint8_t* __restrict a, const uint8_t* __restrict b,
                                               float* __restrict c) {
    // The accumulator rounds; its default is to round down, which is biased.
    aie::set_rounding(aie::rounding_mode::conv_even);
    const bfp16ebs8* __restrict a_blocks = reinterpret_cast<const bfp16ebs8*>(a);
    const bfp16ebs8* __restrict b_blocks = reinterpret_cast<const bfp16ebs8*>(b);
    unsigned row = 0, col = 0;
    NPUSCRIBE_PIPELINED NPUSCRIBE_AT_LEAST(4) for (unsigned group = 0; group < kGroups; ++group) {
        Stream left(a_blocks), right(b_blocks);
        left.seek(static_cast<int>(row * kDepth));
        right.seek(static_cast<int>(col * kDepth));
        float* __restrict upper = c + (row * kCols + col) * 64;
        float* __restrict lower = upper + kCols * 64;
        Product c00(aie::load_v<64>(upper)), c01(aie::load_v<64>(upper + 64));
        Product c10(aie::load_v<64>(lower)), c11(aie::load_v<64>(lower + 64));
        NPUSCRIBE_UNROLLED for (unsigned depth = 0; depth < kDepth; depth += 2) {
            const Block left0 = left.pop(), left0_next = left.pop_seek(kToNextRow);
            const Block left1 = left.pop(), left1_next = left.pop_seek(kBack);
            const Block right0 = right.pop(), right0_next = right.pop_seek(kToNextRow);
            const Block right1 = right.pop(), right1_next = right.pop_seek(kBack);
            multiply(left0, left1, right0, right1, c00, c01, c10, c11);
            multiply(left0_next, left1_next, right0_next, right1_next, c00, c01, c10, c11);
        }
        aie::store_v(upper, c00.template to_vector<float>());
        aie::store_v(upper + 64, c01.template to_vector<float>());
        aie::store_v(lower, c10.template to_vector<float>());
        aie::store_v(lower + 64, c11.template to_vector<float>());
        // No division, which would be a call.
        const bool last = col + 2 == kCols;
        row += last ? 2 : 0;
        col = last ? 0 : col + 2;
    }
}

}  // extern "C"
