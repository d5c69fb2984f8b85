#include "model/model.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/error.h"
#include "model/catalog.h"
#include "model/container.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFetch = "npuscribe model fetch ";
constexpr const char* kVadFile = "silero_vad_16k.safetensors";

bool directory_there(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

// An environment variable that is set and not empty.
const char* environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : nullptr;
}

std::string list_of_names() {
    std::string list;
    for (const CatalogEntry& entry : catalog()) list += (list.empty() ? "" : ", ") + entry.name;
    return list;
}

// openai-whisper's download of a model of the catalog (openai/whisper, whisper/__init__.py: load_model).
std::optional<fs::path> in_cache_of_openai(const std::string& name) {
    if (find_in_catalog(name) == nullptr) return std::nullopt;
    const char* cache = environment("XDG_CACHE_HOME");
    const char* home = environment("HOME");
    if (cache == nullptr && home == nullptr) return std::nullopt;
    const fs::path file =
        (cache != nullptr ? fs::path(cache) : fs::path(home) / ".cache") / "whisper" / (name + ".pt");
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) ? std::optional(file) : std::nullopt;
}

// The directory or file that `name_or_path` stands for.
fs::path find_model(const std::string& name_or_path, Prefer prefer) {
    if (name_or_path.empty())
        throw ModelError(fmt::format("no model given: expected a directory, a converted file or one of {}",
                                     list_of_names()));
    fs::path path(name_or_path);  // not const: it is moved out
    if (name_or_path.find('/') == std::string::npos) {
        const CatalogEntry* known = find_in_catalog(name_or_path);
        const std::string name = known != nullptr ? known->name : name_or_path;
        if (auto fetched = find_fetched(name, prefer)) return *fetched;
        if (known != nullptr && !directory_there(path))
            throw ModelError(fmt::format("model {} is not in {}; fetch it with {}{}", name,
                                         models_directory().string(), kFetch, name));
    }
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
    if (path.has_parent_path() || path.extension() == ".bin" || path.extension() == ".pt")  // a place
        throw ModelError(
            fmt::format("no model {}: there is no such directory or file; npuscribe model list shows the "
                        "models that can be fetched",
                        name_or_path));
    throw ModelError(
        fmt::format("no model {}: there is no such directory or file, and the known names are {}",
                    name_or_path, list_of_names()));
}

std::string name_of(const fs::path& directory) {
    std::error_code ignored;
    fs::path whole = fs::canonical(directory, ignored);
    if (whole.empty()) whole = directory;
    const bool file =
        whole.extension() == container::kSuffix || whole.extension() == ".bin" || whole.extension() == ".pt";
    return (file ? whole.stem() : whole.filename()).string();
}

}  // namespace

fs::path models_directory() {
    if (const char* models = environment("NPUSCRIBE_MODELS")) return models;
    if (const char* cache = environment("XDG_CACHE_HOME")) return fs::path(cache) / "npuscribe/models";
    if (const char* home = environment("HOME")) return fs::path(home) / ".cache/npuscribe/models";
    throw ModelError(
        "no place for models: none of NPUSCRIBE_MODELS, XDG_CACHE_HOME and HOME is set; set NPUSCRIBE_MODELS "
        "to a "
        "directory");
}

std::optional<fs::path> find_fetched(const std::string& name, Prefer prefer) {
    const fs::path directory = models_directory() / name;
    fs::path converted = directory;
    converted += container::kSuffix;
    std::error_code ignored;
    const bool directory_is = directory_there(directory);
    const bool converted_is = fs::is_regular_file(converted, ignored);
    if (converted_is && (prefer == Prefer::converted || !directory_is)) return converted;
    return directory_is ? std::optional(directory) : in_cache_of_openai(name);
}

Model load_model(std::string_view name_or_path, Prefer prefer) {
    const fs::path path = find_model(std::string(name_or_path), prefer);
    auto checkpoint = open_checkpoint(path);
    Tokenizer tokenizer(*checkpoint, path);
    return {name_of(path), path, std::move(checkpoint), std::move(tokenizer)};
}

fs::path vad_weights() {
    fs::path path = models_directory() / kVadFile;
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored))
        throw ModelError(fmt::format("the voice activity model is not in {}; fetch it with {}silero-vad",
                                     models_directory().string(), kFetch));
    return path;
}

std::vector<std::string> known_models() {
    std::vector<std::string> names;
    for (const CatalogEntry& entry : catalog()) names.push_back(entry.name);
    return names;
}

}  // namespace npuscribe
