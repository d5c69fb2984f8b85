#pragma once
// Number formats of checkpoints, to f32.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace npuscribe {

enum class DType : uint8_t { f32, f16, bf16, i8, i16, i32 };

/// Bytes of one element.
size_t size_of(DType);
std::string_view name(DType);  // "f16"

/// One IEEE binary16, exactly; NaNs come out as NaNs.
float f16_to_f32(uint16_t bits);

/// `count` little-endian elements at `source` (any alignment) to f32. Exact for every dtype but i32 beyond
/// 2^24. Vectorised for f32, f16, bf16 and i8, the instruction set chosen at run time.
void to_f32(DType, const std::byte* source, float* out, size_t count);

}  // namespace npuscribe
