#include "option_effect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace npuscribe::app {
namespace {

// Options that change where outputs go, what is printed, or how fast the work is, but not what is written.
constexpr auto kNothing = std::to_array<std::string_view>({"batch-size",
                                                           "config",
                                                           "device",
                                                           "fetch",
                                                           "files-from",
                                                           "help",
                                                           "help-all",
                                                           "insecure",
                                                           "keep-going-code",
                                                           "manifest",
                                                           "model",
                                                           "no-fetch",
                                                           "output-format",
                                                           "output-name",
                                                           "output-dir",
                                                           "print-colors",
                                                           "print-timestamps",
                                                           "quiet",
                                                           "recursive",
                                                           "report",
                                                           "root",
                                                           "shard",
                                                           "skip-existing",
                                                           "threads",
                                                           "timing",
                                                           "verbose"});

constexpr auto kLayout = std::to_array<std::string_view>(
    {"highlight-words", "max-chars-per-second", "max-cue-duration", "max-line-count", "max-line-width",
     "max-words-per-line", "min-cue-duration", "min-cue-gap", "paragraphs", "subtitles"});

template <size_t count>
bool has(const std::array<std::string_view, count>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string options_hash(const std::vector<std::pair<std::string, std::string>>& options, Effect least) {
    constexpr uint64_t kBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3;  // FNV-1a, 64 bits
    uint64_t hash = kBasis;
    const auto add = [&](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * kPrime;
        hash *= kPrime;  // as for a byte 0: ("ab", "c") is not ("a", "bc")
    };
    for (const auto& [name, value] : options) {
        if (has(kNothing, name) || (least == Effect::words && has(kLayout, name))) continue;
        add(name);
        add(value);
    }
    return fmt::format("{:016x}", hash);
}

}  // namespace npuscribe::app
