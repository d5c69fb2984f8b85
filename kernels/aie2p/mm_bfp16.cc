// SPDX-License-Identifier: MIT
// BFP16 matrix multiply of one core's tile: C [M × N] f32 += A [M × K] · B [N × K]ᵀ, both operands bfp16ebs8
// with their blocks along K. C stays f32 from the first K tile to the last: nothing is quantised on the way.
//
// A, B: 8 × 8 subtiles of 72 bytes; C: 8 × 8 subtiles of 64 f32. Subtiles are column-major in their tile. All
// three begin at a multiple of 64 bytes.
//
// 72 bytes is not a multiple of the load size, so subtiles are read through a stream, whose state is in one
// of the core's two load FIFO registers: one stream for A and one for B, each of which takes two subtiles of
// a column and jumps to the next column. Such a jump, after a pop that did not jump, reads other blocks if it
// is odd, or if that pop read the last block of eight (known faults of the API). A column has an even number
// of subtiles, so neither happens.
//
// The inner loop, counted: a group is 2 × 2 subtiles of C over the tile's K. For each 8 of K it has 4
// products, one a cycle, and 4 × 72 bytes of loads, 4.5 of 64 bytes. Besides, a group loads 1024 bytes of C
// and stores them, 16 of 64 bytes each. A core does two loads and one store a cycle.
// lib/device/array/array_model.cpp works out what a group takes if all of it overlaps, and if nothing does.

#include "capabilities.h"
#include "gelu.h"
#include "results.h"

namespace {

constexpr unsigned kSubtile = 8;
constexpr unsigned kRows = DIM_M / kSubtile;
constexpr unsigned kDepth = DIM_K / kSubtile;
constexpr unsigned kCols = DIM_N / kSubtile;
static_assert(DIM_M % (2 * kSubtile) == 0 && DIM_N % (2 * kSubtile) == 0, "2 x 2 subtiles of C at a time");
static_assert(DIM_K % kSubtile == 0, "whole subtiles");
constexpr unsigned kGroups = kRows / 2 * (kCols / 2);
static_assert(kGroups >= 4, "enough of them to pipeline");
// From after the second subtile of a column to the first of the next.
constexpr int kToNextA = kRows - 2, kToNextB = kCols - 2;

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
    for (unsigned col = 0; col < kCols; ++col) {
        const aie::vector<float, 8> one = aie::load_v<8>(bias + col * kSubtile);
        const aie::vector<float, 16> two = aie::concat(one, one);
        const aie::vector<float, 64> all = aie::concat(two, two, two, two);
        NPUSCRIBE_PIPELINED NPUSCRIBE_AT_LEAST(2) for (unsigned row = 0; row < kRows; ++row, c += 64)
            aie::store_v(c, all);
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
        left.seek(static_cast<int>(row));
        right.seek(static_cast<int>(col));
        float* __restrict near = c + (col * kRows + row) * 64;
        float* __restrict far = near + kRows * 64;
        Product c00(aie::load_v<64>(near)), c10(aie::load_v<64>(near + 64));
        Product c01(aie::load_v<64>(far)), c11(aie::load_v<64>(far + 64));
        NPUSCRIBE_UNROLLED for (unsigned depth = 0; depth < kDepth; ++depth) {
            const Block left0 = left.pop(), left1 = left.pop_seek(kToNextA);
            const Block right0 = right.pop(), right1 = right.pop_seek(kToNextB);
            multiply(left0, left1, right0, right1, c00, c01, c10, c11);
        }
        aie::store_v(near, c00.template to_vector<float>());
        aie::store_v(near + 64, c10.template to_vector<float>());
        aie::store_v(far, c01.template to_vector<float>());
        aie::store_v(far + 64, c11.template to_vector<float>());
        // No division, which would be a call.
        const bool last = row + 2 == kRows;
        col += last ? 2 : 0;
        row = last ? 0 : row + 2;
    }
}

/// Makes the tile's sums what the host asked for, in their own place: bfloat16, or GELU in BFP16 blocks along
/// N, which is the next product's K, in the order in which that product reads its A. Both round to nearest
/// even. Sums stay as they are.
void NPUSCRIBE_ENTRY(npuscribe_bfp16_finish)(float* c, int32_t result) {
    using namespace npuscribe_results;
    aie::set_rounding(aie::rounding_mode::conv_even);
    // What is written never overtakes what is read: it is smaller.
    if (result == kBf16) {
        bfloat16* to = reinterpret_cast<bfloat16*>(c);
        NPUSCRIBE_PIPELINED for (unsigned at = 0; at < kValues; at += 64) {
            const aie::accum<accfloat, 64> sums(aie::load_v<64>(c + at));
            aie::store_v(to + at, sums.template to_vector<bfloat16>());
        }
        leave(c, kValues * sizeof(bfloat16));
    } else if (result == kGeluBfp16) {
        // Four vectors at a time: each is one long chain of operations, and four keep the core busy.
        using npuscribe_gelu::gelu;
        aie::block_vector_output_buffer_stream<bfp16ebs8, 64> to(reinterpret_cast<bfp16ebs8*>(c));
        NPUSCRIBE_PIPELINED for (unsigned at = 0; at < kValues; at += 64) {
            const aie::vector<float, 16> x0 = aie::load_v<16>(c + at), x1 = aie::load_v<16>(c + at + 16);
            const aie::vector<float, 16> x2 = aie::load_v<16>(c + at + 32), x3 = aie::load_v<16>(c + at + 48);
            const aie::accum<accfloat, 64> values(aie::concat(gelu(x0), gelu(x1), gelu(x2), gelu(x3)));
            to.push(values.template to_vector<bfp16ebs8>());
        }
        leave(c, kBfp16Bytes);
    } else {
        leave(c, kValues * sizeof(float));
    }
}

/// Copies the tile's next piece to a buffer that leaves the core.
void NPUSCRIBE_ENTRY(npuscribe_bfp16_put)(float* c, uint8_t* out) {
    npuscribe_results::put(c, out);
}

}  // extern "C"
