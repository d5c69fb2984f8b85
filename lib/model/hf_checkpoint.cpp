#include "model/hf_checkpoint.h"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "model/file_kind.h"
#include "model/json_file.h"
#include "model/safetensors.h"
#include "model/tensor_checkpoint.h"
#include "model/tensor_names.h"

namespace npuscribe::hf {
namespace {

namespace fs = std::filesystem;
using Names = std::pair<std::string_view, std::string_view>;

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";  // of several files

constexpr Names kModules[] = {
    {"attn.query", "self_attn.q_proj"},
    {"attn.key", "self_attn.k_proj"},
    {"attn.value", "self_attn.v_proj"},
    {"attn.out", "self_attn.out_proj"},
    {"attn_ln", "self_attn_layer_norm"},
    {"cross_attn.query", "encoder_attn.q_proj"},
    {"cross_attn.key", "encoder_attn.k_proj"},
    {"cross_attn.value", "encoder_attn.v_proj"},
    {"cross_attn.out", "encoder_attn.out_proj"},
    {"cross_attn_ln", "encoder_attn_layer_norm"},
    {"mlp.0", "fc1"},
    {"mlp.2", "fc2"},
    {"mlp_ln", "final_layer_norm"},
};

constexpr Names kOutsideBlocks[] = {
    {"encoder.conv1.weight", "encoder.conv1.weight"},
    {"encoder.conv1.bias", "encoder.conv1.bias"},
    {"encoder.conv2.weight", "encoder.conv2.weight"},
    {"encoder.conv2.bias", "encoder.conv2.bias"},
    {"encoder.positional_embedding", "encoder.embed_positions.weight"},
    {"encoder.ln_post.weight", "encoder.layer_norm.weight"},
    {"encoder.ln_post.bias", "encoder.layer_norm.bias"},
    {"decoder.token_embedding.weight", "decoder.embed_tokens.weight"},
    {"decoder.positional_embedding", "decoder.embed_positions.weight"},
    {"decoder.ln.weight", "decoder.layer_norm.weight"},
    {"decoder.ln.bias", "decoder.layer_norm.bias"},
};

struct Weights {
    std::vector<MappedFile> files;
    Tensors tensors;
};

void add_file(Weights& weights, const fs::path& path) {
    weights.files.emplace_back(path);
    auto contents = safetensors::parse(weights.files.back().bytes(), path.string());
    weights.tensors.merge(std::move(contents.tensors));
}

// The files that the index names. They must be plain names: an index must not lead out of its directory.
std::set<std::string> shards(const fs::path& index) {
    const auto json = read_json_object(index);
    const auto map = json.find("weight_map");
    if (map == json.end() || !map->is_object())
        throw ModelError(fmt::format("{}: has no \"weight_map\"", index.string()));
    std::set<std::string> names;
    for (const auto& [tensor, file] : map->items()) {
        if (!file.is_string())
            throw ModelError(fmt::format("{}: names a file that is not a string", index.string()));
        const auto& name = file.get_ref<const std::string&>();
        if (!name.ends_with(".safetensors") || name.find('/') != std::string::npos ||
            name.find('\0') != std::string::npos || name.find('\n') != std::string::npos)
            throw ModelError(
                fmt::format("{}: names a file that is no *.safetensors beside it", index.string()));
        names.insert(name);
    }
    return names;
}

Weights open_weights(const fs::path& directory) {
    Weights weights;
    const fs::path whole = directory / kWeights;
    std::error_code ignored;
    if (fs::exists(whole, ignored)) {
        add_file(weights, whole);
        return weights;
    }
    for (const std::string& name : shards(directory / kIndex)) {
        add_file(weights, directory / name);
    }
    return weights;
}

void check_config(const nlohmann::json& config, const Dimensions& d, const std::string& file) {
    const std::pair<const char*, size_t> wanted[] = {
        {"num_mel_bins", d.n_mels},          {"d_model", d.n_audio_state},
        {"encoder_layers", d.n_audio_layer}, {"encoder_attention_heads", d.n_audio_head},
        {"decoder_layers", d.n_text_layer},  {"decoder_attention_heads", d.n_text_head},
        {"vocab_size", d.n_vocab},
    };
    for (const auto& [key, tensors] : wanted) {
        const auto stated = optional_count(config, key, file);
        if (stated && *stated != tensors)
            throw ModelError(
                fmt::format("{}: \"{}\" is {}, but the tensors make it {}", file, key, *stated, tensors));
    }
}

void check_kind(const nlohmann::json& config, const std::string& file) {
    const auto kind = config.find("model_type");
    if (kind == config.end() || (kind->is_string() && *kind == "whisper")) return;
    throw ModelError(
        fmt::format("{}: \"model_type\" is not \"whisper\"; only Whisper models are read", file));
}

}  // namespace

std::optional<std::string> tensor_name(std::string_view openai_name) {
    for (const auto& [openai, hf] : kOutsideBlocks) {
        if (openai == openai_name) return std::string(hf);
    }
    const auto place = parse_block_name(openai_name);
    if (!place) return std::nullopt;
    for (const auto& [openai, hf] : kModules) {
        if (openai != place->module) continue;
        return fmt::format("{}.layers.{}.{}.{}", place->part, place->layer, hf, place->parameter);
    }
    return std::nullopt;
}

std::optional<TensorData> find(const Tensors& tensors, std::string_view openai_name) {
    const auto name = tensor_name(openai_name);
    if (!name) return std::nullopt;
    auto found = tensors.find("model." + *name);
    if (found == tensors.end()) found = tensors.find(*name);
    if (found == tensors.end()) return std::nullopt;
    return found->second;
}

bool recognises(const fs::path& path) {
    return is_plain_file(path / kWeights) || is_plain_file(path / kIndex);
}

std::unique_ptr<Checkpoint> open(const fs::path& directory) {
    const fs::path config_path = directory / "config.json";
    const auto config = read_json_object_if_there(config_path);
    check_kind(config, config_path.string());

    Weights weights = open_weights(directory);
    const bool sharded = weights.files.size() > 1;
    const fs::path path = directory / (sharded ? kIndex : kWeights);
    auto checkpoint =
        std::make_unique<TensorCheckpoint>([&](std::string_view name) { return find(weights.tensors, name); },
                                           path.string(), "Hugging Face", std::move(weights.files));
    const Dimensions& d = checkpoint->dimensions();
    check_config(config, d, config_path.string());
    const fs::path generation = directory / "generation_config.json";
    checkpoint->set_alignment_heads(read_alignment_heads(read_json_object_if_there(generation),
                                                         d.n_text_layer, d.n_text_head, generation.string()));
    return checkpoint;
}

}  // namespace npuscribe::hf
