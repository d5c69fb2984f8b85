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

/// "decoder.blocks.3.cross_attn.query.weight" -> "decoder.layers.3.encoder_attn.q_proj.weight"; none for
/// a name that is not OpenAI's. In the files "model." stands before it, unless the model was saved without
/// its head.
std::optional<std::string> tensor_name(std::string_view openai_name);

using Tensors = std::map<std::string, TensorData, std::less<>>;  // of all files, under their own names

/// The tensor of an OpenAI name.
std::optional<TensorData> find(const Tensors& tensors, std::string_view openai_name);

/// True for a directory with model.safetensors or its index.
bool recognises(const std::filesystem::path& path);

/// Opens such a directory. The output projection ("proj_out") is tied to the token embedding and not read.
/// Throws ModelError.
std::unique_ptr<Checkpoint> open(const std::filesystem::path& directory);

}  // namespace npuscribe::hf
