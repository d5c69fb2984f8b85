#include "bench/device_test/generated_encoder.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "bench/device_test/product.h"
#include "bench/generated_layer.h"

namespace npuscribe::device_test {
namespace {

constexpr std::string_view kBlocks = "encoder.blocks.";

/// The same tensor of layer 0, or nothing if the name is not one of a layer's.
std::string in_first_block(std::string_view name) {
    if (!name.starts_with(kBlocks)) return {};
    const size_t dot = name.find('.', kBlocks.size());
    if (dot == std::string_view::npos) return {};
    return std::string(kBlocks) + "0" + std::string(name.substr(dot));
}

/// FNV-1a, so that a name gives the same values on every machine.
uint64_t seed_of(std::string_view name) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3U;
    return hash;
}

}  // namespace

std::vector<size_t> GeneratedEncoder::shape(std::string_view name) const {
    const Dimensions& d = dimensions_;
    if (const std::string layer = in_first_block(name); !layer.empty())
        return bench::GeneratedLayer(d).shape(layer);
    if (name == "encoder.conv1.weight") return {d.n_audio_state, d.n_mels, 3};
    if (name == "encoder.conv2.weight") return {d.n_audio_state, d.n_audio_state, 3};
    if (name == "encoder.positional_embedding") return {d.n_audio_ctx, d.n_audio_state};
    if (name == "encoder.conv1.bias" || name == "encoder.conv2.bias" || name == "encoder.ln_post.weight" ||
        name == "encoder.ln_post.bias")
        return {d.n_audio_state};
    throw ModelError("the generated encoder has no tensor " + std::string(name));
}

bool GeneratedEncoder::has(std::string_view name) const {
    if (const std::string layer = in_first_block(name); !layer.empty())
        return bench::GeneratedLayer(dimensions_).has(layer);
    try {
        (void)shape(name);
        return true;
    } catch (const ModelError&) {
        return false;
    }
}

void GeneratedEncoder::read(std::string_view name, std::span<float> out) const {
    const auto tensor = shape(name);
    size_t fan_in = 1;
    for (size_t i = 1; i < tensor.size(); ++i) fan_in *= tensor[i];
    const bool norm = name.find("ln") != std::string_view::npos && name.ends_with(".weight");
    // bell() has a standard deviation near 0.29. A variance of 1/fan_in keeps activations at their size.
    const float size = tensor.size() == 1 || name.ends_with("embedding")
                           ? 0.2F
                           : 3.4F / std::sqrt(static_cast<float>(fan_in));
    Random random(seed_of(name));
    for (float& value : out) value = (norm ? 1.0F : 0.0F) + random.bell() * size;
}

void GeneratedEncoder::read_rows(std::string_view name, size_t first, std::span<float> out) const {
    const Buffer<float> all = read(name);
    const size_t from = first * (all.size() / shape(name)[0]);
    if (from > all.size() || out.size() > all.size() - from)
        throw ModelError("the generated encoder has no such rows of " + std::string(name));
    std::copy_n(all.begin() + from, out.size(), out.begin());
}

}  // namespace npuscribe::device_test
