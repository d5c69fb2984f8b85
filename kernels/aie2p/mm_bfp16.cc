// SPDX-License-Identifier: MIT
// BFP16 matrix multiply of one core's tile: C [M × N] f32 += A [M × K] · B [N × K]ᵀ, both operands bfp16ebs8
// with their blocks along K. C stays f32 from the first K tile to the last: nothing is quantised on the way.
//
// A, B: 8 × 8 subtiles of 72 bytes, row-major in the tile. C: 8 × 8 subtiles of 64 f32, row-major.

#include "capabilities.h"

namespace {

constexpr unsigned kSubtile = 8;
constexpr unsigned kRows = DIM_M / kSubtile;
constexpr unsigned kDepth = DIM_K / kSubtile;
constexpr unsigned kCols = DIM_N / kSubtile;
static_assert(DIM_M % (2 * kSubtile) == 0 && DIM_N % (2 * kSubtile) == 0, "2 x 2 subtiles of C at a time");
static_assert(DIM_K % kSubtile == 0 && kDepth >= 4, "whole blocks, and enough of them to pipeline");

using Block = aie::block_vector<bfp16ebs8, 64>;
using Stream = aie::block_vector_input_buffer_stream<bfp16ebs8, 64>;

using Product = aie::mmul<8, 8, 8, bfp16ebs8, bfp16ebs8>;

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
    for (unsigned row = 0; row < kRows; row += 2) {
        for (unsigned col = 0; col < kCols; col += 2) {
            Stream a0(a_blocks), a1(a_blocks), b0(b_blocks), b1(b_blocks);
            a0.seek(row * kDepth);
            a1.seek((row + 1) * kDepth);
            b0.seek(col * kDepth);
            b1.seek((col + 1) * kDepth);
            float* __restrict upper = c + (row * kCols + col) * 64;
            float* __restrict lower = c + ((row + 1) * kCols + col) * 64;
            Product c00(aie::load_v<64>(upper)), c01(aie::load_v<64>(upper + 64));
            Product c10(aie::load_v<64>(lower)), c11(aie::load_v<64>(lower + 64));
            NPUSCRIBE_PIPELINED NPUSCRIBE_AT_LEAST(4) for (unsigned depth = 0; depth < kDepth; ++depth) {
                const Block left0 = a0.pop(), left1 = a1.pop();
                const Block right0 = b0.pop(), right1 = b1.pop();
                // B [N x K] is what the multiplier wants; the API calls that the transpose of B [K x N].
                const auto right0_t = aie::op_transpose(right0), right1_t = aie::op_transpose(right1);
                c00.mac(left0, right0_t);
                c01.mac(left0, right1_t);
                c10.mac(left1, right0_t);
                c11.mac(left1, right1_t);
            }
            aie::store_v(upper, c00.template to_vector<float>());
            aie::store_v(upper + 64, c01.template to_vector<float>());
            aie::store_v(lower, c10.template to_vector<float>());
            aie::store_v(lower + 64, c11.template to_vector<float>());
        }
    }
}

}  // extern "C"
