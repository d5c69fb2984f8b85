#pragma once
// ggml's blocks of 32 values that share a scale (ggml-org/ggml, src/ggml-common.h: block_q4_0 and its
// siblings; src/ggml-quants.c: dequantize_row_*). All little-endian, without padding:
//
//   q8_0   f16 d; 32 int8 q                                  value = d q
//   q5_0   f16 d; 32 high bits; 16 bytes of two low nibbles  value = d (q - 16)
//   q5_1   f16 d; f16 m; 32 high bits; 16 bytes              value = d q + m
//   q4_0   f16 d; 16 bytes                                   value = d (q - 8)
//   q4_1   f16 d; f16 m; 16 bytes                            value = d q + m
//
// Byte i holds value i in its low nibble and value i + 16 in its high one.

#include <cstddef>

#include "model/convert.h"

namespace npuscribe::ggml {

inline constexpr size_t kBlockSize = 32;

bool is_blocks(DType);
/// Bytes of one block; 0 for types without blocks.
size_t block_bytes(DType);

/// Converts the blocks at `source` (any alignment) to `count` values, a multiple of 32.
void dequantise(DType, const std::byte* source, float* out, size_t count);

}  // namespace npuscribe::ggml
