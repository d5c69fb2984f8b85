#pragma once
// What packed matrices have in common: keys and values (attention.h) and weights (project.h).

#include <cstddef>

namespace npuscribe::simd {

/// How keys, values and packed weights are stored. bf16: pairs along the summed dimension side by side, as
/// the dot product instruction of AVX-512 BF16 takes them; products are exact, sums are fp32 on every level.
/// bfp16: weights alone, as blocks that AVX-512 VNNI multiplies (block_matmul.h).
enum class Element { bf16, f32, bfp16 };

/// Of one bf16 or f32.
constexpr size_t bytes(Element element) {
    return element == Element::bf16 ? 2 : 4;
}

inline constexpr size_t kLaneBlock = 16;  // keys, or output features, packed side by side
constexpr size_t lane_blocks(size_t n) {
    return (n + kLaneBlock - 1) / kLaneBlock;
}

}  // namespace npuscribe::simd
