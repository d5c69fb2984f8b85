#pragma once
// Writes whisper.cpp's model files, as its models/convert-pt-to-ggml.py writes them and its examples/quantize
// rounds them. Shares no code with the reader in lib/model, so that a mistake in either of the two is found.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/tensor_checkpoint.h"

namespace npuscribe::test {

/// A float as binary16, rounded to nearest even.
uint16_t round_to_f16(float value);

/// The bytes of `values` in a type of ggml: f32, f16, or blocks of 32 (ggml-quants.c: quantize_row_*_ref).
std::string ggml_bytes(DType dtype, std::span<const float> values);

using TensorValues = std::function<std::vector<float>(const NamedShape& tensor)>;

/// Writes a model. Matrices are of type `dtype`; convolutions then of f16, unless it is f32; biases, norms
/// and positions are f32. `tokens` are the text tokens. Throws std::runtime_error if the file cannot be
/// written.
void write_ggml(const std::filesystem::path& path, const Dimensions& dimensions, DType dtype,
                const std::vector<std::string>& tokens, const TensorValues& values);

}  // namespace npuscribe::test
