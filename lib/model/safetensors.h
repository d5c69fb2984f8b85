#pragma once
// The safetensors container: 8 bytes of header length, a JSON header, the tensors
// (huggingface/safetensors, README: "Format").

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "model/tensor_data.h"

namespace npuscribe::safetensors {

struct Contents {
    std::map<std::string, TensorData, std::less<>>
        tensors;  // in place; f32, f16, bf16, int8, uint8, int16, int32
    std::map<std::string, std::string, std::less<>> metadata;  // "__metadata__"
};

/// Ignores tensors of other types. Throws ModelError, beginning with `file`, if something is inconsistent.
Contents parse(std::span<const std::byte> bytes, const std::string& file);

}  // namespace npuscribe::safetensors
