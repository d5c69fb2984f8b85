#include "device/device.h"

#include <array>
#include <utility>

#include "base/error.h"

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
