#include "simd/tile_matmul.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Only for functions defined here: the headers above stay at the baseline, for their code is shared by all
// files.
#pragma GCC push_options
#pragma GCC target( \
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,prfchw,amx-tile,amx-bf16,prefer-vector-width=512")

#include "simd/amx_tiles.h"
#include "simd/avx512_blocks.h"
#include "simd/avx512_gelu.h"

namespace npuscribe::simd {
namespace {

constexpr size_t kLanes = kLaneBlock;
constexpr size_t kRowBytes = kTileDepth * sizeof(uint16_t);  // of a block
constexpr size_t kCols = kTileDepth;                         // that are multiplied at once
constexpr size_t kSumBytes = kCols * sizeof(float);          // of a row of sums
static_assert(kRowBytes == amx::kTileRowBytes && kTileBlockBytes == 2 * amx::kTileBytes);
static_assert(kTileGroupRows == kCols && kTileGroupRows == 2 * amx::kTileRows);

inline __mmask16 lanes_of(size_t cols, size_t vector) {
    const size_t first = vector * kLanes;
    if (cols >= first + kLanes) return 0xFFFF;
    return cols <= first ? __mmask16(0) : static_cast<__mmask16>((1U << (cols - first)) - 1);
}

/// The values of blocks of BFP16, their bfloat16 bits in the lower half of each lane.
template <bfp16::Rounding kRounding>
inline __m512i bf16_of_blocks(__m512 values, __m512i largest) {
    auto [bits, base, exponents] = round_blocks<kRounding>(values, largest);
    if constexpr (kRounding == bfp16::Rounding::nearest_even)
        bits = _mm512_min_epi32(bits, _mm512_add_epi32(base, _mm512_set1_epi32(127)));
    const __m512 rounded = _mm512_sub_ps(_mm512_castsi512_ps(bits), _mm512_castsi512_ps(base));
    return _mm512_srli_epi32(_mm512_castps_si512(rounded), 16);
}

/// 32 values, four blocks, to bfloat16, `low` first. Returns their largest magnitudes.
template <bfp16::Rounding kRounding>
inline __m512i put_blocks(__m512 low, __m512 high, uint8_t* to) {
    // The largest of a block of `low` in lanes 0 and 2 of each quarter, of one of `high` in lanes 1 and 3.
    const __m512i of_low = magnitudes_of(low), of_high = magnitudes_of(high);
    __m512i largest =
        _mm512_max_epi32(_mm512_unpacklo_epi32(of_low, of_high), _mm512_unpackhi_epi32(of_low, of_high));
    largest = _mm512_max_epi32(largest, _mm512_shuffle_epi32(largest, _MM_PERM_BADC));
    largest = _mm512_max_epi32(largest, _mm512_permutex_epi64(largest, 0x4E));
    const __m512i bits_low = bf16_of_blocks<kRounding>(low, _mm512_shuffle_epi32(largest, _MM_PERM_CCAA));
    const __m512i bits_high = bf16_of_blocks<kRounding>(high, _mm512_shuffle_epi32(largest, _MM_PERM_DDBB));
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);  // packed by quarters
    _mm512_store_si512(to, _mm512_permutexvar_epi64(order, _mm512_packus_epi32(bits_low, bits_high)));
    return largest;
}

/// 8 or 16 values.
template <bfp16::Rounding kRounding>
inline __m512i put_narrow(__m512 values, size_t count, uint8_t* to) {
    const __m512i largest = largest_of_blocks(magnitudes_of(values));
    const __m256i bits = _mm512_cvtepi32_epi16(bf16_of_blocks<kRounding>(values, largest));
    _mm256_mask_storeu_epi16(to, static_cast<__mmask16>((1U << count) - 1), bits);
    return largest;
}

inline bool too_large(__m512i magnitudes) {
    return static_cast<uint32_t>(_mm512_reduce_max_epi32(magnitudes)) >= kFirstTooLarge;
}

/// The blocks of a row from column `col` of its operand on, the first of which are at `to`.
template <bfp16::Rounding kRounding>
bool quantise_row(const float* x, size_t cols, uint8_t* group, size_t col) {
    const auto place = [&](size_t c) {
        return group + c / kTileDepth * kTileBlockBytes + c % kTileDepth * sizeof(uint16_t);
    };
    __m512i largest = _mm512_setzero_si512();
    const size_t end = col + cols;
    while (col < end) {
        const size_t whole = kTileDepth - col % kTileDepth;
        size_t count = std::min(whole, end - col);
        __m512i of_these;
        if (count == kTileDepth) {
            of_these = put_blocks<kRounding>(_mm512_loadu_ps(x), _mm512_loadu_ps(x + kLanes), place(col));
        } else {
            count = std::min(count, kLanes);
            of_these = put_narrow<kRounding>(_mm512_maskz_loadu_ps(lanes_of(count, 0), x), count, place(col));
        }
        largest = _mm512_max_epi32(largest, of_these);
        x += count;
        col += count;
    }
    return !too_large(largest);
}

/// 16 columns by 8 values along K of a right operand to 4 rows of a tile.
[[gnu::always_inline]] inline void expand_block(const uint8_t* mantissas, const uint8_t* exponents,
                                                uint8_t* to) {
    // A mantissa's byte is put below an exponent with which it is worth 1/64 a unit; times a power of two,
    // less that of what the exponent and the bias of 128 add: the value, exactly.
    const __m512i first_byte = _mm512_set1_epi32(0xFF), second_byte = _mm512_set1_epi32(0xFF00);
    const __m512i first_base = _mm512_set1_epi32((127 + 17) << 23);
    const __m512i second_base = _mm512_set1_epi32((127 + 9) << 23);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(exponents));
    const __m512 unit = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu8_epi32(bytes), 23));
    const __m512 first_bias = _mm512_mul_ps(unit, _mm512_set1_ps(0x1p17F + 2));
    const __m512 second_bias = _mm512_mul_ps(unit, _mm512_set1_ps(0x1p9F + 2));
    const __m512i upper_to_lower =
        _mm512_broadcast_i32x4(_mm_set_epi8(15, 14, 15, 14, 11, 10, 11, 10, 7, 6, 7, 6, 3, 2, 3, 2));
    constexpr __mmask64 kLower = 0x3333333333333333;  // half of each lane
    constexpr int kAndOr = 0xEA;                      // (a & b) | c
    const auto put_pair = [&](__m512i pair, uint8_t* row) {
        const __m512i first = _mm512_ternarylogic_epi32(pair, first_byte, first_base, kAndOr);
        const __m512i second = _mm512_ternarylogic_epi32(pair, second_byte, second_base, kAndOr);
        const __m512 low = _mm512_fmsub_ps(_mm512_castsi512_ps(first), unit, first_bias);
        const __m512 high = _mm512_fmsub_ps(_mm512_castsi512_ps(second), unit, second_bias);
        _mm512_store_si512(row, _mm512_mask_shuffle_epi8(_mm512_castps_si512(high), kLower,
                                                         _mm512_castps_si512(low), upper_to_lower));
    };
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
        const __m512i quads = _mm512_loadu_si512(mantissas + half * 64);
        put_pair(quads, to + half * 2 * kRowBytes);
        put_pair(_mm512_srli_epi32(quads, 16), to + (half * 2 + 1) * kRowBytes);
    }
}

/// A row of y comes from far away, in a piece too short for the CPU to foresee.
inline void fetch_to_write(const float* row) {
    __builtin_prefetch(row, 1);
    __builtin_prefetch(row + kLanes, 1);
}

/// Finishes rows of sums into a matrix.
template <bool kGelu>
class ToMatrix {
  public:
    ToMatrix(const BlockOutput& out, const GeluTable& table) : out_(out), table_(table) {}

    /// What follows are rows of the sums of 32 × 32 values from (row, col) on; returns how many there are.
    size_t begin(size_t row, size_t col) {
        const size_t cols = out_.y.cols - col;
        for (size_t v = 0; v < 2; ++v) lanes_[v] = lanes_of(cols, v);
        y_ = out_.y.data + row * out_.y.stride + col;
        return std::min(kTileGroupRows, out_.y.rows - row);
    }
    void row(const float* sums) {
        constexpr size_t kRowsAhead = 16;
        fetch_to_write(y_ + kRowsAhead * out_.y.stride);
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; ++v) {
            float* y = y_ + v * kLanes;
            __m512 value = _mm512_load_ps(sums + v * kLanes);
            if (out_.accumulate) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(lanes_[v], y));
            if constexpr (kGelu) value = gelu(value, table_);
            _mm512_mask_storeu_ps(y, lanes_[v], value);
        }
        y_ += out_.y.stride;
    }
    void end(const float*) {}

    /// Where the sums from (row, col) on may be stored as they are; null where they are to be finished.
    float* place_of(size_t row, size_t col) const {
        const bool whole = row + kTileGroupRows <= out_.y.rows && col + kCols <= out_.y.cols;
        return whole && !kGelu && !out_.accumulate ? out_.y.data + row * out_.y.stride + col : nullptr;
    }
    size_t stride() const {
        return out_.y.stride;
    }

  private:
    const BlockOutput& out_;
    const GeluTable& table_;
    __mmask16 lanes_[2];
    float* y_;
};

/// Finishes rows of sums into a left operand.
template <bfp16::Rounding kRounding, bool kGelu>
class ToOperand {
  public:
    ToOperand(const TileOperandOutput& out, size_t first_row, const GeluTable& table)
        : out_(out), table_(table), first_row_(first_row) {}

    size_t begin(size_t row, size_t col) {
        const size_t group = (first_row_ + row) / kTileGroupRows;
        const size_t block = group * tile_depth_blocks(out_.k) + (out_.col + col) / kTileDepth;
        to_ = out_.operand + block * kTileBlockBytes;
        begun_ = row;
        count_ = std::min(kTileGroupRows, out_.rows - row);
        largest_ = _mm512_setzero_si512();
        return count_;
    }
    void row(const float* sums) {
        __m512 low = _mm512_load_ps(sums), high = _mm512_load_ps(sums + kLanes);
        if constexpr (kGelu) {
            const __m512i largest = _mm512_max_epi32(magnitudes_of(low), magnitudes_of(high));
            largest_ = _mm512_max_epi32(largest_, largest);
            low = gelu(low, table_);
            high = gelu(high, table_);
        }
        const __m512i largest = put_blocks<kRounding>(low, high, to_);
        if constexpr (!kGelu) largest_ = _mm512_max_epi32(largest_, largest);
        to_ += kRowBytes;
    }
    void end(const float* sums) {
        if (bad_row_ <= begun_ || !too_large(largest_)) return;
        for (size_t r = 0; r < count_; ++r, sums += kCols) {
            const __m512 low = _mm512_load_ps(sums), high = _mm512_load_ps(sums + kLanes);
            if (!too_large(_mm512_max_epi32(magnitudes_of(low), magnitudes_of(high)))) continue;
            bad_row_ = std::min(bad_row_, begun_ + r);
            return;
        }
    }
    float* place_of(size_t, size_t) const { return nullptr; }
    size_t stride() const { return 0; }
    std::optional<size_t> bad_row() const {
        return bad_row_ == SIZE_MAX ? std::nullopt : std::optional(bad_row_);
    }

  private:
    const TileOperandOutput& out_;
    const GeluTable& table_;
    size_t first_row_;
    uint8_t* to_;
    size_t begun_, count_;
    __m512i largest_;
    size_t bad_row_ = SIZE_MAX;
};

/// Finishes 32 × 32 sums a few rows at a time.
template <class Finish>
class Pending {
  public:
    explicit Pending(Finish& finish) : finish_(finish) {}

    void begin(const float* sums, size_t row, size_t col) {
        sums_ = sums;
        rows_ = finish_.begin(row, col);
        done_ = due_ = 0;
    }
    /// One of `parts` calls that leave nothing but end() to do.
    void part(size_t parts) {
        for (due_ += rows_; due_ >= parts; due_ -= parts) next();
    }
    void end() {
        while (done_ < rows_) next();
        if (rows_ != 0) finish_.end(sums_);
        rows_ = done_ = 0;
    }

  private:
    void next() { finish_.row(sums_ + done_++ * kCols); }

    Finish& finish_;
    const float* sums_ = nullptr;
    size_t rows_ = 0, done_ = 0, due_ = 0;
};

/// Tiles 0 to 3 from 32 × 32 sums, or from one row of 32 where row_bytes is 0.
inline void load_sums(const float* sums, size_t row_bytes) {
    const size_t lower = amx::kTileRows * row_bytes / sizeof(float);
    _tile_loadd(0, sums, row_bytes);
    _tile_loadd(1, sums + kLanes, row_bytes);
    _tile_loadd(2, sums + lower, row_bytes);
    _tile_loadd(3, sums + lower + kLanes, row_bytes);
}

inline void store_sums(float* sums, size_t row_bytes) {
    const size_t lower = amx::kTileRows * row_bytes / sizeof(float);
    _tile_stored(0, sums, row_bytes);
    _tile_stored(1, sums + kLanes, row_bytes);
    _tile_stored(2, sums + lower, row_bytes);
    _tile_stored(3, sums + lower + kLanes, row_bytes);
}

/// Sums that are finished while the tiles multiply the next: those take 16 cycles an instruction, and leave
/// the vector units idle. x passes by the first cache, in which 32 columns of w stay, and a long K is cut so
/// that they do.
template <class Finish>
void multiply(const uint8_t* operand, const uint8_t* expanded, size_t k, size_t rows, size_t cols,
              const float* bias, Finish& finish) {
    constexpr size_t kMostSteps = 16;  // of a slice: w takes 32 KB
    constexpr size_t kMostGroups = 8;  // whose sums wait for the next slice
    const size_t steps = tile_depth_blocks(k);
    const size_t slices = (steps + kMostSteps - 1) / kMostSteps;
    const size_t slice_steps = (steps + slices - 1) / slices;
    const size_t group_bytes = steps * kTileBlockBytes;
    const size_t part_rows = slices == 1 ? rows : kMostGroups * kTileGroupRows;
    alignas(64) float sums[kMostGroups][kTileGroupRows * kCols];
    alignas(64) float first_sums[kBlockPanelCols] = {};
    if (bias != nullptr) std::copy_n(bias, cols, first_sums);
    Pending<Finish> pending(finish);

    // The sums of one group along one slice.
    const auto multiply_slice = [&](size_t row, size_t col, size_t first, size_t count, float* to) {
        const uint8_t* x = operand + row / kTileGroupRows * group_bytes + first * kTileBlockBytes;
        const uint8_t* w = expanded + col / kCols * group_bytes + first * kTileBlockBytes;
        const bool last = first + count == steps;
        const float* fetched = last ? finish.place_of(row, col) : nullptr;
        const size_t fetched_a_step = fetched != nullptr ? (kTileGroupRows + count - 1) / count : 0;
        first == 0 ? load_sums(first_sums + col, 0) : load_sums(to, kSumBytes);
        for (size_t step = 0; step < count; ++step, x += kTileBlockBytes, w += kTileBlockBytes) {
            _tile_stream_loadd(4, x, kRowBytes);
            _tile_loadd(6, w, kRowBytes);
            _tile_loadd(7, w + amx::kTileBytes, kRowBytes);
            _tile_stream_loadd(5, x + amx::kTileBytes, kRowBytes);
            pending.part(2 * count);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            pending.part(2 * count);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            for (size_t i = 0; i < fetched_a_step; ++i, fetched += finish.stride()) fetch_to_write(fetched);
        }
        pending.end();  // before its sums are written over
        if (fetched != nullptr) return store_sums(finish.place_of(row, col), finish.stride() * sizeof(float));
        store_sums(to, kSumBytes);
        if (last) pending.begin(to, row, col);
    };

    const amx::Tiles tiles;
    amx::before_tile_loads();
    for (size_t col = 0; col < cols; col += kCols) {
        for (size_t part = 0; part < rows; part += part_rows) {
            const size_t end = std::min(rows, part + part_rows);
            for (size_t first = 0; first < steps; first += slice_steps) {
                const size_t count = std::min(slice_steps, steps - first);
                for (size_t row = part; row < end; row += kTileGroupRows) {
                    const size_t group = slices == 1 ? 0 : (row - part) / kTileGroupRows;
                    multiply_slice(row, col, first, count, sums[group]);
                }
            }
        }
    }
    pending.end();
}

const GeluTable& gelu_table() {
    static const GeluTable table;
    return table;
}

template <bfp16::Rounding kRounding, bool kGelu>
std::optional<size_t> multiply_to_operand(const uint8_t* left, const uint8_t* expanded, size_t k, size_t row,
                                          const TileOperandOutput& out) {
    ToOperand<kRounding, kGelu> finish(out, row, gelu_table());
    multiply(left, expanded, k, out.rows, out.cols, out.bias, finish);
    return finish.bad_row();
}

const uint8_t* group_of(const uint8_t* operand, size_t k, size_t row) {
    assert(row % kTileGroupRows == 0);
    return operand + row / kTileGroupRows * tile_depth_blocks(k) * kTileBlockBytes;
}

}  // namespace

std::optional<size_t> quantise_tile_operand(MatrixView<const float> x, bfp16::Rounding rounding,
                                            uint8_t* operand, size_t k, size_t row, size_t col) {
    assert(x.cols % bfp16::kBlockSize == 0 && k % bfp16::kBlockSize == 0 && col % bfp16::kBlockSize == 0);
    std::optional<size_t> bad;
    for (size_t r = 0; r < x.rows; ++r) {
        const size_t at = row + r;
        uint8_t* to = operand + at / kTileGroupRows * tile_depth_blocks(k) * kTileBlockBytes +
                      at % kTileGroupRows * kRowBytes;
        const bool good = rounding == bfp16::Rounding::floor
                              ? quantise_row<bfp16::Rounding::floor>(x.row(r), x.cols, to, col)
                              : quantise_row<bfp16::Rounding::nearest_even>(x.row(r), x.cols, to, col);
        if (!good && !bad) bad = r;
    }
    return bad;
}

void expand_panel(const uint8_t* weights, size_t k, size_t panel, uint8_t* out) {
    constexpr size_t kMantissaBytes = kBlockPanelCols * bfp16::kBlockSize;
    constexpr size_t kBlockBytes = kMantissaBytes + kBlockPanelCols;
    constexpr size_t kVectorBytes = kLanes * bfp16::kBlockSize;
    constexpr size_t kRows = bfp16::kBlockSize / 2;  // of a tile, that a block fills
    const size_t blocks = k / bfp16::kBlockSize;
    const size_t half_bytes = tile_depth_blocks(k) * kTileBlockBytes;
    const uint8_t* from = weights + panel * blocks * kBlockBytes;
    const auto place = [&](size_t block, size_t vector) {
        return out + vector / 2 * half_bytes + block / kRows * kTileBlockBytes +
               vector % 2 * amx::kTileBytes + block % kRows * kRows * kRowBytes;
    };
    for (size_t block = 0; block < blocks; ++block, from += kBlockBytes) {
        for (size_t v = 0; v < kBlockPanelCols / kLanes; ++v)
            expand_block(from + v * kVectorBytes, from + kMantissaBytes + v * kLanes, place(block, v));
    }
    for (size_t block = blocks; block % kRows != 0; ++block) {
        for (size_t v = 0; v < kBlockPanelCols / kLanes; ++v)
            __builtin_memset(place(block, v), 0, kRows * kRowBytes);
    }
}

void multiply_tiles(const uint8_t* operand, const uint8_t* expanded, size_t k, size_t row,
                    const BlockOutput& out, bool gelu) {
    assert(out.y.cols <= kBlockPanelCols);
    const uint8_t* left = group_of(operand, k, row);
    if (gelu) {
        ToMatrix<true> finish(out, gelu_table());
        return multiply(left, expanded, k, out.y.rows, out.y.cols, out.bias, finish);
    }
    ToMatrix<false> finish(out, gelu_table());
    multiply(left, expanded, k, out.y.rows, out.y.cols, out.bias, finish);
}

std::optional<size_t> multiply_tiles(const uint8_t* operand, const uint8_t* expanded, size_t k, size_t row,
                                     const TileOperandOutput& out) {
    assert(out.cols <= kBlockPanelCols && out.col % kTileDepth == 0);
    using bfp16::Rounding;
    const auto work = out.rounding == Rounding::floor
                          ? (out.gelu ? multiply_to_operand<Rounding::floor, true>
                                      : multiply_to_operand<Rounding::floor, false>)
                          : (out.gelu ? multiply_to_operand<Rounding::nearest_even, true>
                                      : multiply_to_operand<Rounding::nearest_even, false>);
    return work(group_of(operand, k, row), expanded, k, row, out);
}

}  // namespace npuscribe::simd

#pragma GCC pop_options

#else

namespace npuscribe::simd {
namespace {

[[noreturn]] void refuse() {
    throw DeviceError("products of bfloat16 tiles want AMX, which this CPU lacks");
}

}  // namespace

std::optional<size_t> quantise_tile_operand(MatrixView<const float>, bfp16::Rounding, uint8_t*, size_t,
                                            size_t, size_t) {
    refuse();
}
void expand_panel(const uint8_t*, size_t, size_t, uint8_t*) {
    refuse();
}
void multiply_tiles(const uint8_t*, const uint8_t*, size_t, size_t, const BlockOutput&, bool) {
    refuse();
}
std::optional<size_t> multiply_tiles(const uint8_t*, const uint8_t*, size_t, size_t,
                                     const TileOperandOutput&) {
    refuse();
}

}  // namespace npuscribe::simd

#endif
