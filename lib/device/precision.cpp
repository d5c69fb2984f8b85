#include "device/precision.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace npuscribe {
namespace {

constexpr std::array kPrecisions = {Precision::bfp16, Precision::bf16, Precision::fp32, Precision::int8,
                                    Precision::int8_tensor};
constexpr std::array<std::string_view, kPrecisions.size()> kPrecisionNames = {"bfp16", "bf16", "fp32", "int8",
                                                                              "int8-tensor"};

}  // namespace

std::span<const Precision> precisions() {
    return kPrecisions;
}

std::span<const std::string_view> precision_names() {
    return kPrecisionNames;
}

std::string_view name(Precision precision) {
    const auto at = std::find(kPrecisions.begin(), kPrecisions.end(), precision);
    return kPrecisionNames.at(static_cast<size_t>(at - kPrecisions.begin()));
}

Precision parse_precision(std::string_view text) {
    const auto at = std::find(kPrecisionNames.begin(), kPrecisionNames.end(), text);
    if (at == kPrecisionNames.end()) {
        throw UsageError(
            fmt::format("there is no precision '{}'; choose {}", text, list_words(kPrecisionNames)));
    }
    return kPrecisions[static_cast<size_t>(at - kPrecisionNames.begin())];
}

}  // namespace npuscribe
