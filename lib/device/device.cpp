#include "device/device.h"

#include <array>
#include <utility>

#include "base/buffer.h"
#include "base/error.h"
#include "device/block_weights.h"
#include "simd/blocks.h"

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

void check_block_sizes(const BlockWeights& weights) {
    const size_t wanted = weights.n * bfp16::row_bytes(weights.k);
    if (weights.k % bfp16::kBlockSize != 0 || weights.blocks.size() != wanted) {
        throw ModelError(weights.name + ": " + std::to_string(weights.n) + " x " + std::to_string(weights.k) +
                         " weights take " + std::to_string(wanted) +
                         " bytes of BFP16 blocks in whole rows, got " +
                         std::to_string(weights.blocks.size()));
    }
    if (!weights.bias.empty() && weights.bias.size() != weights.n) {
        throw ModelError(weights.name + ": " + std::to_string(weights.bias.size()) + " biases for " +
                         std::to_string(weights.n) + " output features");
    }
}

void check_blocks(const BlockWeights& weights) {
    check_block_sizes(weights);
    for (size_t at = 0; at < weights.blocks.size(); at += bfp16::kBlockBytes) {
        if (weights.blocks[at] <= simd::kLargestBlockExponent) continue;
        const size_t row = at / bfp16::row_bytes(weights.k);
        throw ModelError("the weights of " + weights.name + " are damaged: a block of row " +
                         std::to_string(row) + " has the exponent " + std::to_string(weights.blocks[at]) +
                         ", above " + std::to_string(simd::kLargestBlockExponent));
    }
}

std::unique_ptr<Linear> Device::load_blocks(const BlockWeights& weights) {
    check_blocks(weights);
    Buffer<float> values(weights.n * weights.k);
    simd::restore_rows(weights.blocks.data(), values.matrix(weights.n, weights.k));
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
