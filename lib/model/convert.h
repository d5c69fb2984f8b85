#pragma once
// Conversion of the number formats of checkpoints to f32.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace npuscribe {

enum class DType : uint8_t {
    f32,
    f16,
    bf16,
    i8,
    i16,
    i32,
    u8,
    bfp16,  // panels (bfp16/panels.h), which TensorData reads as whole matrices
    q8_0,   // from here on ggml's blocks (ggml_blocks.h)
    q5_0,
    q5_1,
    q4_0,
    q4_1
};

/// The bytes of `count` elements, which is a multiple of 32 for ggml's blocks. Not for BFP16, whose panels
/// are padded.
size_t bytes_of(DType, size_t count);
/// The bytes of one element; for types without blocks.
size_t size_of(DType);
std::string_view name(DType);  // "f16"

/// One IEEE binary16, exactly. A NaN stays a NaN.
float f16_to_f32(uint16_t bits);

/// Converts `count` little-endian elements at `source` (any alignment) to f32. Exact, except for i32 beyond
/// 2^24. Vectorised for f32, f16, bf16 and i8; the instruction set is chosen at run time. Not for BFP16.
void to_f32(DType, const std::byte* source, float* out, size_t count);

}  // namespace npuscribe
