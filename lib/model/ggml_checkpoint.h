#pragma once
// whisper.cpp's ggml-*.bin. The format is defined by its reader and its writers: ggml-org/whisper.cpp,
// src/whisper.cpp (whisper_model_load), models/convert-pt-to-ggml.py, examples/quantize. Its parts follow
// each other, little-endian and without padding:
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
    Dimensions dimensions;   // as the file states them; its tensors may contradict them
    std::string vocabulary;  // a token a line, in GPT-2's byte alphabet
    std::map<std::string, TensorData, std::less<>> tensors;  // in place, under OpenAI's names
};

/// True for a file that begins as these do.
bool recognises(const std::filesystem::path& path);

/// Throws ModelError, beginning with `file`, if something is inconsistent or a tensor has a type that is not
/// read. Drops the mel filters: they are the same in every Whisper model.
Contents parse(std::span<const std::byte> bytes, const std::string& file);

/// The tensor of an OpenAI name. Biases of the convolutions, [n, 1] in the file, are [n].
std::optional<TensorData> find(const Contents& contents, std::string_view openai_name);

/// Opens such a file. It holds no alignment heads: those of the catalog's model with its dimensions are used.
/// If there are several, such as large-v1 and large-v2, the file's name decides, else the newest is used.
/// Throws ModelError.
std::unique_ptr<Checkpoint> open(const std::filesystem::path& file);

}  // namespace npuscribe::ggml
