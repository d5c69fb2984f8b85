#include "bench/generated_layer.h"

#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "base/error.h"

namespace npuscribe::bench {
namespace {

constexpr std::string_view kBlock = "encoder.blocks.0.";

}  // namespace

std::vector<size_t> GeneratedLayer::shape(std::string_view name) const {
    if (!has(name)) throw ModelError("the generated layer has no tensor " + std::string(name));
    name.remove_prefix(kBlock.size());
    const size_t state = dimensions_.n_audio_state;
    const bool weight = name.ends_with(".weight");
    if (name.starts_with("mlp.0.")) return weight ? std::vector{4 * state, state} : std::vector{4 * state};
    if (name.starts_with("mlp.2.")) return weight ? std::vector{state, 4 * state} : std::vector{state};
    const bool matrix = weight && name.starts_with("attn.");
    return matrix ? std::vector{state, state} : std::vector{state};
}

bool GeneratedLayer::has(std::string_view name) const {
    if (!name.starts_with(kBlock) || name.ends_with("attn.key.bias")) return false;
    name.remove_prefix(kBlock.size());
    for (const std::string_view part : {"attn.query.", "attn.key.", "attn.value.", "attn.out.", "attn_ln.",
                                        "mlp.0.", "mlp.2.", "mlp_ln."}) {
        if (!name.starts_with(part)) continue;
        const std::string_view rest = name.substr(part.size());
        return rest == "weight" || rest == "bias";
    }
    return false;
}

void GeneratedLayer::read(std::string_view name, std::span<float> out) const {
    const auto tensor = shape(name);
    const size_t fan_in = tensor.size() == 2 ? tensor[1] : 1;
    std::minstd_rand random(static_cast<unsigned>(std::hash<std::string_view>()(name) | 1));
    // Uniform over ±√(3/k) has the variance 1/k, which keeps activations at their size.
    const auto limit = static_cast<float>(std::sqrt(3.0 / static_cast<double>(fan_in)));
    std::uniform_real_distribution<float> uniform(-limit, limit);
    for (float& value : out) value = uniform(random);
}

void GeneratedLayer::read_rows(std::string_view name, size_t, std::span<float>) const {
    throw ModelError("the generated layer is not read by rows: " + std::string(name));
}

}  // namespace npuscribe::bench
