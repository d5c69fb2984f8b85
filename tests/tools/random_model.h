#pragma once
// Whisper models with random weights, of any size and in every format that is read: to test the readers with
// known numbers, and to show that sizes that cannot be fetched here load and run.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "model/convert.h"
#include "model/dimensions.h"

namespace npuscribe::test {

enum class ModelFormat { ct2, safetensors, ggml };

struct RandomModel {
    Dimensions dimensions;
    ModelFormat format = ModelFormat::ct2;
    DType dtype = DType::f16;  // f32, f16, bf16; i8 for CTranslate2's int8 (its other tensors are f16 then);
                               // of ggml f32, f16 and the types with blocks
    size_t shards = 1;         // of safetensors
    uint64_t seed = 1;
    /// A model directory whose vocabulary is copied. Empty: a made-up vocabulary, all bytes and then pairs of
    /// them.
    std::filesystem::path vocabulary = {};
};

/// Element `index` of a tensor under OpenAI's name: a number of at most 8 significant bits, so that every
/// dtype holds it exactly. Weights have a standard deviation of about half of 1 / sqrt(fan-in), norms are
/// about 1.
float random_weight(std::string_view name, const std::vector<size_t>& shape, size_t index, uint64_t seed);

/// Small dimensions: one head, `layers` layers, 16 mels, 20 frames, a vocabulary of `n_vocab`.
Dimensions small_dimensions(size_t layers, size_t n_vocab);

/// Writes a whole directory: weights, configuration, and the vocabulary if n_vocab is one of Whisper's; in
/// ggml's format the file ggml-model.bin, which holds all of them. Throws std::runtime_error if a file cannot
/// be written.
void write_random_model(const std::filesystem::path& directory, const RandomModel& model);

}  // namespace npuscribe::test
