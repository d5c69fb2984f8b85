#pragma once
// whisper.cpp's ggml-*.bin. The format is defined by its reader and its writers: ggml-org/whisper.cpp,
// src/whisper.cpp (whisper_model_load), models/convert-pt-to-ggml.py, examples/quantize. One after the other,
// all little-endian and without padding:
//
//   int32 magic "ggml"; 11 int32: dimensions, and the type of most tensors
//   mel filters        int32 n_mels, int32 n_bins, f32 [n_mels × n_bins]
//   vocabulary         int32 count; for each token uint32 length and its bytes. Special tokens are mostly not
//                      among them: their ids follow from n_vocab, as in every Whisper model
//   tensors            to the end: int32 rank, int32 name length, int32 type; int32 for each dimension, the
//                      last one first; the name, which is OpenAI's; the values

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/checkpoint.h"
#include "model/tensor_data.h"

namespace npuscribe::ggml {

struct Contents {
    Dimensions dimensions;   // as the file states them; its tensors may say otherwise
    std::string vocabulary;  // a token a line, in GPT-2's byte alphabet
    std::map<std::string, TensorData, std::less<>> tensors;  // in place, under OpenAI's names
};

/// True where a file begins as these do.
bool is_ggml(std::string_view first_bytes);

/// Throws ModelError, beginning with `file`, on anything that does not add up, and for types of tensors that
/// are not read. The mel filters are not kept: they are the ones every Whisper model uses.
Contents parse(std::span<const std::byte> bytes, const std::string& file);

/// The tensor of an OpenAI name. Biases of the convolutions, [n, 1] in the file, are [n].
std::optional<TensorData> find(const Contents& contents, std::string_view openai_name);

/// Opens such a file. It has no alignment heads: those of the catalog's model of these dimensions are taken;
/// of several, such as large-v1 and large-v2, of the one that the file's name names, else of the newest.
/// Throws ModelError.
std::unique_ptr<Checkpoint> open(const std::filesystem::path& file);

}  // namespace npuscribe::ggml
