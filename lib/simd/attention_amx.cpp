// Attention in bfloat16 on AMX: 32 query rows against all keys, 16 × 16 scores a tile. A tile of the left
// operand is 16 rows of 32 values, one of the right operand 16 rows of 16 pairs: what pack_keys and
// pack_values make. Intel 64 and IA-32 Architectures Optimization Reference Manual, chapter 20.

#include "simd/amx_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/attention.h"

// Only for functions defined here: the headers above stay at the baseline, for their code is shared by all
// files.
#pragma GCC push_options
#pragma GCC target( \
    "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,amx-tile,amx-bf16,prefer-vector-width=512")

#include "simd/softmax_bf16.h"

namespace npuscribe::simd::amx {
namespace {

constexpr size_t kHead = 64;
constexpr size_t kTileRows = 16;
constexpr size_t kTileBytes = 64;                              // of a row
constexpr size_t kKeyBlockBytes = 2 * kTileRows * kTileBytes;  // 16 keys: 32 pairs
constexpr size_t kValueRowBytes = kHead * 4;                   // a pair of positions
static_assert(kTileQueryRows == 2 * kTileRows);

/// All eight tiles at their full 16 rows of 64 bytes, for as long as it lives.
class Tiles {
  public:
    Tiles() {
        struct alignas(64) {
            uint8_t palette = 1;
            uint8_t start_row = 0;
            uint8_t reserved[14] = {};
            uint16_t row_bytes[16] = {};
            uint8_t rows[16] = {};
        } config;
        for (size_t tile = 0; tile < 8; ++tile) {
            config.row_bytes[tile] = kTileBytes;
            config.rows[tile] = kTileRows;
        }
        _tile_loadconfig(&config);
    }
    ~Tiles() { _tile_release(); }
    Tiles(const Tiles&) = delete;
    Tiles& operator=(const Tiles&) = delete;
};

/// scores[r][j] = q[r]·key j for all blocks of 16 keys. `q`: kTileQueryRows × 64 bfloat16.
void score(const uint16_t* q, const uint16_t* keys, size_t blocks, float* scores, size_t stride) {
    const size_t q_bytes = kHead * sizeof(uint16_t);
    const size_t score_bytes = stride * sizeof(float);
    _tile_loadd(4, q, q_bytes);
    _tile_loadd(5, q + kHead / 2, q_bytes);
    _tile_loadd(6, q + kTileRows * kHead, q_bytes);
    _tile_loadd(7, q + kTileRows * kHead + kHead / 2, q_bytes);
    const auto* block = reinterpret_cast<const uint8_t*>(keys);
    for (size_t b = 0; b < blocks; ++b, block += kKeyBlockBytes, scores += kLaneBlock) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_loadd(2, block, kTileBytes);
        _tile_loadd(3, block + kKeyBlockBytes / 2, kTileBytes);
        _tile_dpbf16ps(0, 4, 2);
        _tile_dpbf16ps(1, 6, 2);
        _tile_dpbf16ps(0, 5, 3);
        _tile_dpbf16ps(1, 7, 3);
        _tile_stored(0, scores, score_bytes);
        _tile_stored(1, scores + kTileRows * stride, score_bytes);
    }
}

/// sums[r] = Σ p[r][j]·value j, [kTileQueryRows × 64]; `positions` in whole blocks of 32.
void weigh(const uint8_t* probabilities, size_t row_bytes, const uint16_t* values, size_t positions,
           float* sums) {
    constexpr size_t kPositions = 32;
    const size_t sum_bytes = kHead * sizeof(float);
    for (size_t half = 0; half < 2; ++half) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        const uint8_t* p = probabilities;
        const uint8_t* value = reinterpret_cast<const uint8_t*>(values) + half * 2 * kTileBytes;
        for (size_t j = 0; j < positions;
             j += kPositions, p += kTileBytes, value += kTileRows * kValueRowBytes) {
            _tile_loadd(4, p, row_bytes);
            _tile_loadd(6, value, kValueRowBytes);
            _tile_loadd(5, p + kTileRows * row_bytes, row_bytes);
            _tile_loadd(7, value + kTileBytes, kValueRowBytes);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 5, 6);
            _tile_dpbf16ps(2, 4, 7);
            _tile_dpbf16ps(3, 5, 7);
        }
        float* out = sums + half * 2 * kLaneBlock;
        _tile_stored(0, out, sum_bytes);
        _tile_stored(1, out + kTileRows * kHead, sum_bytes);
        _tile_stored(2, out + kLaneBlock, sum_bytes);
        _tile_stored(3, out + kTileRows * kHead + kLaneBlock, sum_bytes);
    }
}

void attend_group(const float* q, size_t q_stride, size_t rows, const uint16_t* keys, const uint16_t* values,
                  size_t n, float* out, size_t out_stride, float* scratch) {
    const size_t blocks = lane_blocks(n);
    const size_t stride = tile_score_stride(n);
    float* sums = scratch;
    auto* queries = reinterpret_cast<uint16_t*>(sums + kTileQueryRows * kHead);
    float* scores = sums + kTileQueryRows * kHead + kTileQueryRows * kHead / 2;
    for (size_t r = 0; r < rows; ++r) round_scaled_query(q + r * q_stride, queries + r * kHead);
    __builtin_memset(queries + rows * kHead, 0, (kTileQueryRows - rows) * kHead * sizeof(uint16_t));
    score(queries, keys, blocks, scores, stride);

    const size_t padded = blocks * kLaneBlock;
    const size_t positions = packed_head_size(n) / kHead;
    float inverse[kTileQueryRows];
    for (size_t r = 0; r < rows; ++r) {
        float* row = scores + r * stride;
        auto* probabilities = reinterpret_cast<uint16_t*>(row);
        inverse[r] = softmax_row(row, n, padded, probabilities);
        if (positions != padded)
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(probabilities + padded), _mm256_setzero_si256());
    }
    weigh(reinterpret_cast<const uint8_t*>(scores), stride * sizeof(float), values, positions, sums);
    for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < kHead; i += kLaneBlock) {
            _mm512_storeu_ps(out + r * out_stride + i, _mm512_mul_ps(_mm512_loadu_ps(sums + r * kHead + i),
                                                                     _mm512_set1_ps(inverse[r])));
        }
    }
}

}  // namespace

void attend(const float* q, size_t q_stride, size_t rows, const uint16_t* keys, const uint16_t* values,
            size_t n, float* out, size_t out_stride, float* scratch) {
    const Tiles tiles;
    for (size_t r = 0; r < rows; r += kTileQueryRows) {
        const size_t count = rows - r < kTileQueryRows ? rows - r : kTileQueryRows;
        attend_group(q + r * q_stride, q_stride, count, keys, values, n, out + r * out_stride, out_stride,
                     scratch);
    }
}

}  // namespace npuscribe::simd::amx

#pragma GCC pop_options

#endif
