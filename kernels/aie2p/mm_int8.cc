// SPDX-License-Identifier: MIT
// INT8 matrix multiply of one core's tile: C [M × N] int32 += A [M × K] · B [N × K]ᵀ.
//
// A: 8 × 8 subtiles of 64 bytes, row-major in the tile. B: subtiles row-major over (N, K), each stored
// K-major, as the multiplier wants it: the host transposes it once. C: 8 × 8 subtiles of 64 int32, subtiles
// column-major.

#include "capabilities.h"
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

using Product = aie::mmul<8, 8, 8, int8, int8, acc32>;

}  // namespace

extern "C" {

/// Starts a tile of C at zero. Scales and bias are the host's: they differ by row and column.
void NPUSCRIBE_ENTRY(npuscribe_int8_init)(int32_t* __restrict c) {
    const aie::vector<int32, 16> zeros = aie::zeros<int32, 16>();
    NPUSCRIBE_PIPELINED NPUSCRIBE_AT_LEAST(16) for (unsigned i = 0; i < DIM_M * DIM_N; i += 16)
        aie::store_v(c + i, zeros);
}

/// Adds the product of one tile of A and one of B. Exact: 5,120 products of int8 stay far below 2^31.
void NPUSCRIBE_ENTRY(npuscribe_int8_multiply)(const int8_t* __restrict a, const int8_t* __restrict b,
                                              int32_t* __restrict c) {
    unsigned row = 0, col = 0;
    NPUSCRIBE_PIPELINED NPUSCRIBE_AT_LEAST(4) for (unsigned group = 0; group < kGroups; ++group) {
        const int8_t* __restrict a0 = a + row * kDepth * 64;
        const int8_t* __restrict a1 = a0 + kDepth * 64;
        const int8_t* __restrict b0 = b + col * kDepth * 64;
        const int8_t* __restrict b1 = b0 + kDepth * 64;
        int32_t* __restrict near = c + (col * kRows + row) * 64;
        int32_t* __restrict far = near + kRows * 64;
        Product c00(aie::load_v<64>(near)), c10(aie::load_v<64>(near + 64));
        Product c01(aie::load_v<64>(far)), c11(aie::load_v<64>(far + 64));
        NPUSCRIBE_UNROLLED for (unsigned at = 0; at < kDepth * 64; at += 64) {
            const aie::vector<int8, 64> left0 = aie::load_v<64>(a0 + at), left1 = aie::load_v<64>(a1 + at);
            const aie::vector<int8, 64> right0 = aie::load_v<64>(b0 + at), right1 = aie::load_v<64>(b1 + at);
            c00.mac(left0, right0);
            c01.mac(left0, right1);
            c10.mac(left1, right0);
            c11.mac(left1, right1);
        }
        aie::store_v(near, c00.template to_vector<int32>());
        aie::store_v(near + 64, c10.template to_vector<int32>());
        aie::store_v(far, c01.template to_vector<int32>());
        aie::store_v(far + 64, c11.template to_vector<int32>());
        // No division, which would be a call.
        const bool last = col + 2 == kCols;
        row += last ? 2 : 0;
        col = last ? 0 : col + 2;
    }
}

/// Sums leave as they are.
void NPUSCRIBE_ENTRY(npuscribe_int8_finish)(int32_t* c, int32_t) {
    npuscribe_results::leave(c, DIM_M * DIM_N * sizeof(int32_t));
}

/// Copies the tile's next piece to a buffer that leaves the core.
void NPUSCRIBE_ENTRY(npuscribe_int8_put)(int32_t* c, uint8_t* out) {
    npuscribe_results::put(c, out);
}

}  // extern "C"
