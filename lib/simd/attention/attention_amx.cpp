// Attention in bfloat16 on AMX: 32 query rows at a time, 64 keys a step, so that scores, probabilities and
// sums stay in the first cache. A tile of the left operand is 16 rows of 32 values, one of the right operand
// 16 rows of 16 pairs: what pack_keys and pack_values make. Intel 64 and IA-32 Architectures Optimization
// Reference Manual, chapter 20.
//
// A softmax does not depend on what is subtracted from its scores, as long as their exponentials neither
// overflow nor vanish: here it is the largest of the first step, which saves a pass over all of them. If
// later scores are so much larger that this fails, which the sums show, the largest of all is found first.

#include "simd/attention/attention_amx.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/amx_tiles.h"
#include "simd/attention/softmax_bf16.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512bf16,amx-tile,amx-bf16")

namespace npuscribe::simd::amx {
namespace {

constexpr size_t kRows = kTileQueryRows;
constexpr size_t kStepBlocks = 4;  // of 16 keys
constexpr size_t kStep = kStepBlocks * kLaneBlock;
constexpr size_t kKeyBlockBytes = 2 * kTileBytes;  // 16 keys: 32 pairs
constexpr size_t kValueRowBytes = kHeadSize * 4;   // a pair of positions
constexpr float kTooLarge = 0x1p100F;              // a sum of exponentials that may have overflowed
static_assert(kRows == 2 * kTileRows);

/// The memory in which a group of query rows is worked on.
struct Work {
    float scores[kRows][kStep];        // of a step; then its probabilities, from the start of each row
    float sums[kRows][kHeadSize];      // Σ probability · value so far
    float totals[kRows][kLaneBlock];   // Σ probability so far, by lane
    float negated[kRows][kLaneBlock];  // what is subtracted from the scores of a row, in every lane
    uint16_t queries[kRows][kHeadSize];
};
static_assert(sizeof(Work) == kTileScratch * sizeof(float));

/// One head's keys and values.
struct Packed {
    const uint8_t* keys;
    const uint8_t* values;
    size_t n;
};

/// Blocks of 16 keys that hold positions from `first` on, at most a step's.
size_t blocks_from(const Packed& head, size_t first) {
    const size_t blocks = lane_blocks(head.n - first);
    return blocks < kStepBlocks ? blocks : kStepBlocks;
}

/// scores[r][j] = q[r]·key (first + j) − what is subtracted; scores of positions past the last become too low
/// to count.
void score(Work& w, const Packed& head, size_t first, bool subtract) {
    const uint8_t* block = head.keys + first / kLaneBlock * kKeyBlockBytes;
    before_tile_loads();
    _tile_loadd(4, w.queries[0], sizeof w.queries[0]);
    _tile_loadd(5, w.queries[0] + kHeadSize / 2, sizeof w.queries[0]);
    _tile_loadd(6, w.queries[kTileRows], sizeof w.queries[0]);
    _tile_loadd(7, w.queries[kTileRows] + kHeadSize / 2, sizeof w.queries[0]);
    const size_t blocks = blocks_from(head, first);
    for (size_t b = 0; b < blocks; ++b, block += kKeyBlockBytes) {
        if (subtract) {
            _tile_loadd(0, w.negated[0], kTileRowBytes);
            _tile_loadd(1, w.negated[kTileRows], kTileRowBytes);
        } else {
            _tile_zero(0);
            _tile_zero(1);
        }
        _tile_loadd(2, block, kTileRowBytes);
        _tile_loadd(3, block + kTileBytes, kTileRowBytes);
        _tile_dpbf16ps(0, 4, 2);
        _tile_dpbf16ps(1, 6, 2);
        _tile_dpbf16ps(0, 5, 3);
        _tile_dpbf16ps(1, 7, 3);
        _tile_stored(0, w.scores[0] + b * kLaneBlock, sizeof w.scores[0]);
        _tile_stored(1, w.scores[kTileRows] + b * kLaneBlock, sizeof w.scores[0]);
    }
    if (head.n - first >= kStep) return;
    for (auto& row : w.scores) {
        for (size_t j = 0; j < kStep; j += kLaneBlock) {
            const size_t count = head.n - first;
            const size_t there = count < j ? 0 : count - j < kLaneBlock ? count - j : kLaneBlock;
            _mm512_mask_storeu_ps(row + j, static_cast<__mmask16>(0xFFFFU << there), _mm512_set1_ps(-1e30F));
        }
    }
}

/// Finds the largest score of each row in `steps` steps: it is subtracted from then on.
void find_largest(Work& w, const Packed& head, size_t steps) {
    for (auto& row : w.negated) _mm512_storeu_ps(row, _mm512_set1_ps(-1e30F));
    for (size_t step = 0; step < steps; ++step) {
        score(w, head, step * kStep, false);
        for (size_t r = 0; r < kRows; ++r) {
            __m512 top = _mm512_loadu_ps(w.negated[r]);
            for (size_t j = 0; j < kStep; j += kLaneBlock)
                top = _mm512_max_ps(top, _mm512_loadu_ps(w.scores[r] + j));
            _mm512_storeu_ps(w.negated[r], top);
        }
    }
    for (auto& row : w.negated)
        _mm512_storeu_ps(row, _mm512_set1_ps(-_mm512_reduce_max_ps(_mm512_loadu_ps(row))));
}

/// Turns a step's scores into bfloat16 probabilities; the softmax divides by their total at the end.
void exponentiate(Work& w) {
    for (size_t r = 0; r < kRows; ++r) {
        float* scores = w.scores[r];
        auto* probabilities = reinterpret_cast<uint16_t*>(scores);
        __m512 total = _mm512_loadu_ps(w.totals[r]);
#pragma GCC unroll 2
        for (size_t j = 0; j < kStep; j += 2 * kLaneBlock) {
            const __m512 p = exp2_cubic(_mm512_loadu_ps(scores + j));
            const __m512 next = exp2_cubic(_mm512_loadu_ps(scores + j + kLaneBlock));
            total = _mm512_add_ps(total, _mm512_add_ps(p, next));
            _mm512_storeu_si512(probabilities + j, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(next, p)));
        }
        _mm512_storeu_ps(w.totals[r], total);
    }
}

/// sums[r] += Σ probability[r][j] · value (first + j).
void weigh(Work& w, const Packed& head, size_t first) {
    const size_t pairs_of_blocks = (blocks_from(head, first) + 1) / 2;
    before_tile_loads();
    for (size_t half = 0; half < 2; ++half) {
        float* upper = w.sums[0] + half * kHeadSize / 2;
        float* lower = w.sums[kTileRows] + half * kHeadSize / 2;
        _tile_loadd(0, upper, sizeof w.sums[0]);
        _tile_loadd(1, lower, sizeof w.sums[0]);
        _tile_loadd(2, upper + kLaneBlock, sizeof w.sums[0]);
        _tile_loadd(3, lower + kLaneBlock, sizeof w.sums[0]);
        const uint8_t* value = head.values + first / 2 * kValueRowBytes + half * kValueRowBytes / 2;
        for (size_t i = 0; i < pairs_of_blocks; ++i, value += kTileRows * kValueRowBytes) {
            _tile_loadd(4, w.scores[0] + i * kLaneBlock, sizeof w.scores[0]);
            _tile_loadd(6, value, kValueRowBytes);
            _tile_loadd(5, w.scores[kTileRows] + i * kLaneBlock, sizeof w.scores[0]);
            _tile_loadd(7, value + kTileRowBytes, kValueRowBytes);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 5, 6);
            _tile_dpbf16ps(2, 4, 7);
            _tile_dpbf16ps(3, 5, 7);
        }
        _tile_stored(0, upper, sizeof w.sums[0]);
        _tile_stored(1, lower, sizeof w.sums[0]);
        _tile_stored(2, upper + kLaneBlock, sizeof w.sums[0]);
        _tile_stored(3, lower + kLaneBlock, sizeof w.sums[0]);
    }
}

/// Runs all steps. False if exponentials of a row may have overflowed.
bool sum_up(Work& w, const Packed& head, size_t steps) {
    __builtin_memset(w.sums, 0, sizeof w.sums);
    __builtin_memset(w.totals, 0, sizeof w.totals);
    for (size_t step = 0; step < steps; ++step) {
        score(w, head, step * kStep, true);
        exponentiate(w);
        weigh(w, head, step * kStep);
    }
    __m512 largest = _mm512_setzero_ps();
    for (const auto& row : w.totals) largest = _mm512_max_ps(largest, _mm512_loadu_ps(row));
    return _mm512_reduce_max_ps(largest) < kTooLarge;
}

void attend_group(const MatrixView<const float>& q, const Packed& head, const MatrixView<float>& out,
                  Work& w) {
    const size_t rows = q.rows;
    const size_t steps = (head.n + kStep - 1) / kStep;
    for (size_t r = 0; r < rows; ++r) round_scaled_query(q.row(r), w.queries[r]);
    __builtin_memset(w.queries[rows], 0, (kRows - rows) * sizeof w.queries[0]);
    find_largest(w, head, 1);
    if (!sum_up(w, head, steps)) {
        find_largest(w, head, steps);
        sum_up(w, head, steps);
    }
    for (size_t r = 0; r < rows; ++r) {
        const __m512 inverse = _mm512_set1_ps(1.0F / _mm512_reduce_add_ps(_mm512_loadu_ps(w.totals[r])));
        for (size_t i = 0; i < kHeadSize; i += kLaneBlock)
            _mm512_storeu_ps(out.row(r) + i, _mm512_mul_ps(_mm512_loadu_ps(w.sums[r] + i), inverse));
    }
}

}  // namespace

void attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
            std::span<float> scratch) {
    const Tiles tiles;
    auto& work = *reinterpret_cast<Work*>(scratch.data());
    const Packed packed{static_cast<const uint8_t*>(head.keys), static_cast<const uint8_t*>(head.values),
                        head.n};
    for (size_t r = 0; r < q.rows; r += kRows) {
        const size_t rows = q.rows - r < kRows ? q.rows - r : kRows;
        attend_group(q.rows_from(r, rows), packed, out.rows_from(r, rows), work);
    }
}

}  // namespace npuscribe::simd::amx

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::amx {

void attend(MatrixView<const float>, const PackedHead&, MatrixView<float>, std::span<float>) {
    refuse_kernel("attention in bfloat16 tiles", "AMX");
}

}  // namespace npuscribe::simd::amx

#endif
