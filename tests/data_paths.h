#pragma once
// Where tests find data, in the repository and elsewhere. A function that returns an optional path returns
// none if the data is missing; test cases that cannot do without call the functions of needs.h.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace npuscribe::test {

namespace detail {
inline std::optional<std::filesystem::path> existing(const std::filesystem::path& path) {
    std::error_code error;
    if (path.empty() || !std::filesystem::exists(path, error)) return std::nullopt;
    return path;
}

inline std::filesystem::path environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::filesystem::path() : std::filesystem::path(value);
}
}  // namespace detail

/// The root of this source tree.
inline std::filesystem::path source_directory() {
    return NPUSCRIBE_SOURCE_DIR;
}

/// A golden file of the repository: tests/data/NAME.
inline std::filesystem::path test_data(const std::string& name) {
    return source_directory() / "tests" / "data" / name;
}

/// The shared recordings: $NPUSCRIBE_TEST_AUDIO, else ../shared/audio beside the source tree.
inline std::optional<std::filesystem::path> shared_audio() {
    const auto given = detail::environment("NPUSCRIBE_TEST_AUDIO");
    if (!given.empty()) return detail::existing(given);
    return detail::existing(source_directory().parent_path() / "shared" / "audio");
}

/// Debian's pocketsphinx-testdata: LibriVox speech with transcripts, in librivox/.
inline std::optional<std::filesystem::path> pocketsphinx_data() {
    return detail::existing("/usr/share/pocketsphinx/test/data");
}

/// A fetched model (a directory, or a file such as silero_vad_16k.safetensors): $NPUSCRIBE_MODELS/name, else
/// $XDG_CACHE_HOME/npuscribe/models/name, else ~/.cache/npuscribe/models/name.
inline std::optional<std::filesystem::path> model_directory(const std::string& name) {
    const auto models = detail::environment("NPUSCRIBE_MODELS");
    if (!models.empty()) return detail::existing(models / name);
    auto cache = detail::environment("XDG_CACHE_HOME");
    if (cache.empty()) {
        const auto home = detail::environment("HOME");
        if (home.empty()) return std::nullopt;
        cache = home / ".cache";
    }
    return detail::existing(cache / "npuscribe" / "models" / name);
}

}  // namespace npuscribe::test
