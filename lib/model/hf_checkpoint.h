#pragma once
// Hugging Face directories: model.safetensors, or the shards of model.safetensors.index.json, with
// config.json and generation_config.json. Tensor names are those of transformers'
// WhisperForConditionalGeneration.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "model/checkpoint.h"
#include "model/tensor_data.h"

namespace npuscribe::hf {

/// "decoder.blocks.3.cross_attn.query.weight" -> "decoder.layers.3.encoder_attn.q_proj.weight"; nothing for a
/// name that is none of OpenAI's. In the files "model." stands before it, or (a model saved without its head)
/// does not.
std::optional<std::string> tensor_name(std::string_view openai_name);

using Tensors =
    std::map<std::string, TensorData, std::less<>>;  // of all files, under the names they have there

/// The tensor of an OpenAI name.
std::optional<TensorData> find(const Tensors& tensors, std::string_view openai_name);

/// Opens such a directory. The output projection ("proj_out") is tied to the token embedding and not read.
/// Throws ModelError.
std::unique_ptr<Checkpoint> open(const std::filesystem::path& directory);

}  // namespace npuscribe::hf
