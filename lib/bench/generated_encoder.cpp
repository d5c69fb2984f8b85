#include "bench/generated_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/fnv1a.h"
#include "bench/random.h"

namespace npuscribe::bench {
namespace {

constexpr std::string_view kBlocks = "encoder.blocks.";

/// The shape of a layer's tensor, by its name inside the layer; nothing if a layer has none of that name.
std::vector<size_t> shape_in_layer(std::string_view name, size_t state) {
    if (name == "attn.key.bias") return {};  // Whisper's has none
    for (const std::string_view part : {"attn.query.", "attn.key.", "attn.value.", "attn.out.", "attn_ln.",
                                        "mlp.0.", "mlp.2.", "mlp_ln."}) {
        if (!name.starts_with(part)) continue;
        const std::string_view rest = name.substr(part.size());
        if (rest != "weight" && rest != "bias") return {};
        const size_t rows = part == "mlp.0." ? 4 * state : state;
        if (rest == "bias" || part.ends_with("ln.")) return {rows};
        return {rows, part == "mlp.2." ? 4 * state : state};
    }
    return {};
}

std::vector<size_t> shape_of(std::string_view name, const Dimensions& d) {
    if (name.starts_with(kBlocks)) {
        name.remove_prefix(kBlocks.size());
        size_t layer = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
        if (error != std::errc() || layer >= d.n_audio_layer) return {};
        name.remove_prefix(static_cast<size_t>(end - name.data()));
        return name.starts_with('.') ? shape_in_layer(name.substr(1), d.n_audio_state)
                                     : std::vector<size_t>();
    }
    if (name == "encoder.conv1.weight") return {d.n_audio_state, d.n_mels, 3};
    if (name == "encoder.conv2.weight") return {d.n_audio_state, d.n_audio_state, 3};
    if (name == "encoder.positional_embedding") return {d.n_audio_ctx, d.n_audio_state};
    if (name == "encoder.conv1.bias" || name == "encoder.conv2.bias" || name == "encoder.ln_post.weight" ||
        name == "encoder.ln_post.bias")
        return {d.n_audio_state};
    return {};
}

}  // namespace

std::vector<size_t> GeneratedEncoder::shape(std::string_view name) const {
    auto found = shape_of(name, dimensions_);
    if (found.empty()) throw ModelError(fmt::format("the generated encoder has no tensor {}", name));
    return found;
}

bool GeneratedEncoder::has(std::string_view name) const {
    return !shape_of(name, dimensions_).empty();
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
    Random random(fnv1a(name));
    for (float& value : out) value = (norm ? 1.0F : 0.0F) + random.bell() * size;
}

void GeneratedEncoder::read_rows(std::string_view name, size_t first, std::span<float> out) const {
    const Buffer<float> all = read(name);
    const size_t from = first * (all.size() / shape(name)[0]);
    if (from > all.size() || out.size() > all.size() - from)
        throw ModelError(fmt::format("the generated encoder has no such rows of {}", name));
    std::copy_n(all.begin() + from, out.size(), out.begin());
}

}  // namespace npuscribe::bench
