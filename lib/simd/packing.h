#pragma once
// What packed matrices have in common: keys and values (attention/attention.h) and weights
// (matmul/project.h).

#include <cstddef>

namespace npuscribe::simd {

/// Columns of a head's queries, keys and values: the same in every size of Whisper.
inline constexpr size_t kHeadSize = 64;
/// Of scores in units of log2: 1/√kHeadSize, and e^x as 2^(x·log2 e).
inline constexpr float kScoreScale = 0.125F * 1.4426950408889634F;

/// How keys, values and packed weights are stored. bf16: pairs along the summed dimension side by side, as
/// the dot product instruction of AVX-512 BF16 takes them; products are exact, sums are fp32 on every level.
/// bfp16: only weights, as blocks that VNNI multiplies (matmul/block_matmul.h).
enum class Element { bf16, f32, bfp16 };

/// Bytes of one bf16 or f32.
constexpr size_t bytes(Element element) {
    return element == Element::bf16 ? 2 : 4;
}

inline constexpr size_t kLaneBlock = 16;  // keys, or output features, packed side by side
constexpr size_t lane_blocks(size_t n) {
    return (n + kLaneBlock - 1) / kLaneBlock;
}

/// Lane blocks [first, first + count) of a packed matrix.
struct LaneBlocks {
    size_t first = 0;
    size_t count = 0;
};

}  // namespace npuscribe::simd
