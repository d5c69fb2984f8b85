#include "device/device.h"

#include <array>
#include <utility>

#include "base/buffer.h"
#include "base/error.h"
#include "device/block_weights.h"
#include "simd/rows/blocks.h"

namespace npuscribe {
namespace {

constexpr std::array<std::pair<std::string_view, Precision>, 5> kPrecisions = {{
    {"bfp16", Precision::bfp16},
    {"bf16", Precision::bf16},
    {"fp32", Precision::fp32},
    {"int8", Precision::int8},
    {"int8-tensor", Precision::int8_tensor},
}};

}  // namespace

std::string_view name(Precision precision) {
    for (const auto& [text, value] : kPrecisions) {
        if (value == precision) return text;
    }
    return "?";
}

std::unique_ptr<Linear> Device::load_blocks(const BlockWeights& weights) {
    check_blocks(weights);
    Buffer<float> values(weights.n * weights.k);
    simd::restore_panels(weights.panels.data(), 0, values.matrix(weights.n, weights.k));
    return load({values.matrix(weights.n, weights.k), weights.bias, weights.name});
}

Precision parse_precision(std::string_view text) {
    std::string choices;
    for (const auto& [name, value] : kPrecisions) {
        if (name == text) return value;
        choices += choices.empty() ? "" : ", ";
        choices += name;
    }
    throw UsageError("there is no precision '" + std::string(text) + "'; choose one of " + choices);
}

}  // namespace npuscribe
