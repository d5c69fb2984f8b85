// Faults of the array: what its cores, its DMA and its firmware can get wrong.

#include <bit>
#include <cstring>
#include <limits>

#include "device/array/array_results.h"
#include "state.h"

namespace npuscribe::xrt_double {
namespace {

constexpr size_t kSubtile = 8;

bool from(const char* kind, uint64_t number) {
    return fault_is(kind) && number >= fault().at;
}

bool of_shape(const char* kind, const array::Gemm& gemm) {
    return fault_is(kind) && gemm.k == fault().k && gemm.n == fault().n;
}

/// C as the array leaves it: f32 or bfloat16, in tiles.
class Values {
  public:
    Values(std::span<uint8_t> bytes, const array::Gemm& gemm)
        : bytes_(bytes), layout_(array::result_layout(gemm)) {}

    float get(size_t row, size_t col) const {
        uint32_t bits = 0;  // a bfloat16 is the upper half of an f32
        std::memcpy(reinterpret_cast<uint8_t*>(&bits) + sizeof bits - layout_.value_bytes,
                    bytes_.data() + layout_.offset(row, col), layout_.value_bytes);
        return std::bit_cast<float>(bits);
    }
    void set(size_t row, size_t col, float value) {
        const auto bits = std::bit_cast<uint32_t>(value);
        std::memcpy(bytes_.data() + layout_.offset(row, col),
                    reinterpret_cast<const uint8_t*>(&bits) + sizeof bits - layout_.value_bytes,
                    layout_.value_bytes);
    }

  private:
    std::span<uint8_t> bytes_;
    simd::ResultLayout layout_;
};

float changed(uint64_t number, float value) {
    if (from("corrupted", number) || (fault_is("glitch") && number == fault().at)) return -value;
    if (from("zeros", number)) return 0;
    if (from("rounded", number)) return std::bit_cast<float>(std::bit_cast<uint32_t>(value) & 0xFFFF0000U);
    return value;
}

float with_other_last_bit_of_bf16(float value) {
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) ^ 0x10000U);
}

}  // namespace

Fate fate(uint64_t number, size_t index, const array::Gemm& gemm, size_t previous_k_tiles) {
    if (of_shape("hung-shape", gemm)) return Fate::never_ends;
    if (fault_is("stale-parameters") && previous_k_tiles > gemm.k_tiles()) return Fate::never_ends;
    if (from("unwritten", number)) return Fate::writes_nothing;
    if (fault_is("dropped-run") && index + 1 == fault().at) return Fate::writes_nothing;
    return Fate::runs;
}

std::optional<std::vector<uint8_t>> other_operand(const array::Gemm& gemm, std::span<const uint8_t> a,
                                                  size_t previous_k_tiles) {
    if (!fault_is("stale-parameters") || previous_k_tiles == 0) return {};
    std::vector<uint8_t> out(a.begin(), a.end());
    const bfp16::TileLayout layout = gemm.a_layout();
    for (size_t row = 0; row < layout.row_tiles(); ++row) {
        for (size_t col = previous_k_tiles; col < layout.col_tiles(); ++col)
            std::memset(out.data() + layout.tile_offset(row, col), 0, layout.tile_bytes());
    }
    return out;
}

void spoil(uint64_t number, const array::Gemm& gemm, std::span<uint8_t> bytes) {
    if (gemm.result == array::Result::gelu_bfp16) return;  // it stays on the array
    Values c(bytes, gemm);
    for (size_t row = 0; row < gemm.m; ++row) {
        const bool swapped = from("rows-swapped", number) && row % gemm.program->tile.m / kSubtile == 1;
        const bool in_block = of_shape("wrong-block", gemm) && row / kSubtile == 1;
        for (size_t col = 0; col < gemm.n; ++col) {
            float value = changed(number, c.get(row, col));
            if (fault_is("bf16-last-bit") && gemm.result == array::Result::bf16)
                value = with_other_last_bit_of_bf16(value);
            c.set(row, col, in_block && col / kSubtile == 2 ? -value : value);
            if (swapped) {
                c.set(row, col, c.get(row + kSubtile, col));
                c.set(row + kSubtile, col, value);
            }
        }
    }
    if (from("nan", number)) c.set(0, 0, std::numeric_limits<float>::quiet_NaN());
}

}  // namespace npuscribe::xrt_double
