#include "option_effect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/fnv1a.h"

namespace npuscribe::app {
namespace {

// Options that change where outputs go, what is printed, or how fast the work is, but not what is written.
constexpr auto kNothing = std::to_array<std::string_view>(
    {"batch-size",       "config",  "device",        "fetch",       "files-from", "keep-going-code",
     "manifest",         "model",   "output-format", "output-name", "output-dir", "print-colors",
     "print-timestamps", "quiet",   "recursive",     "report",      "root",       "shard",
     "skip-existing",    "threads", "timing",        "verbose"});

constexpr auto kLayout = std::to_array<std::string_view>(
    {"highlight-words", "max-chars-per-second", "max-cue-duration", "max-line-count", "max-line-width",
     "max-words-per-line", "min-cue-duration", "min-cue-gap", "paragraphs", "subtitles"});

template <size_t count>
bool has(const std::array<std::string_view, count>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string options_hash(const std::vector<std::pair<std::string, std::string>>& options, Effect least) {
    constexpr std::string_view kEnd("\0", 1);  // ("ab", "c") is not ("a", "bc")
    uint64_t hash = kFnv1aBasis;
    for (const auto& [name, value] : options) {
        if (has(kNothing, name) || (least == Effect::words && has(kLayout, name))) continue;
        for (const std::string& text : {name, value}) hash = fnv1a(kEnd, fnv1a(text, hash));
    }
    return fmt::format("{:016x}", hash);
}

}  // namespace npuscribe::app
