#include "model/catalog.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/text.h"

namespace npuscribe {
namespace {

// The catalog is ours and tests read all of it: what is missing here throws nlohmann's exception.
Dimensions dimensions_from(const nlohmann::json& json) {
    Dimensions d;
    for (const auto& [name, field] : kDimensionFields) json.at(name).get_to(d.*field);
    return d;
}

std::vector<CatalogEntry> read() {
    std::vector<CatalogEntry> entries;
    const auto json = nlohmann::json::parse(catalog_json());
    for (const auto& model : json.at("models")) {
        CatalogEntry entry;
        model.at("name").get_to(entry.name);
        if (model.contains("aliases")) model.at("aliases").get_to(entry.aliases);
        entry.dimensions = dimensions_from(model.at("dimensions"));
        if (model.contains("alignment_heads")) model.at("alignment_heads").get_to(entry.alignment_heads);
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace

const std::vector<CatalogEntry>& catalog() {
    static const std::vector<CatalogEntry> entries = read();
    return entries;
}

const CatalogEntry* find_in_catalog(std::string_view name) {
    for (const CatalogEntry& entry : catalog()) {
        if (entry.name == name) return &entry;
        if (std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end()) return &entry;
    }
    return nullptr;
}

const CatalogEntry* find_by_other_name(std::string_view name) {
    constexpr std::string_view kOwners[] = {
        "openai",  "systran",   "guillaumekln", "mobiuslabsgmbh", "dropbox-dash",
        "deepdml", "ggerganov", "ggml-org",     "distil-whisper", "mlx-community"};
    std::string rest = to_lower(name);
    const auto drop_prefix = [&](std::string_view prefix) {
        if (rest.starts_with(prefix)) rest.erase(0, prefix.size());
    };
    const auto drop_suffix = [&](std::string_view suffix) {
        if (rest.ends_with(suffix)) rest.resize(rest.size() - suffix.size());
    };
    if (const size_t slash = rest.find('/'); slash != std::string::npos) {
        const std::string_view owner(rest.data(), slash);
        if (std::find(std::begin(kOwners), std::end(kOwners), owner) == std::end(kOwners)) return nullptr;
        rest.erase(0, slash + 1);
    }
    if (rest.starts_with("ggml-")) drop_suffix(".bin");
    for (const char* suffix : {".pt", "-ct2", "-mlx", "-q8_0", "-q5_0", "-q5_1", "-q4_0", "-q4_1"})
        drop_suffix(suffix);
    for (const char* prefix : {"ggml-", "faster-", "whisper-"}) drop_prefix(prefix);
    if (rest.starts_with("distil-whisper-")) rest.erase(sizeof "distil-" - 1, sizeof "whisper-" - 1);
    return find_in_catalog(rest);
}

const CatalogEntry* find_in_catalog(const Dimensions& dimensions, std::string_view file_name) {
    const CatalogEntry* last = nullptr;
    const CatalogEntry* named = nullptr;
    for (const CatalogEntry& entry : catalog()) {
        if (entry.dimensions != dimensions) continue;
        last = &entry;
        if (file_name.find(entry.name) != std::string_view::npos) named = &entry;
    }
    return named != nullptr ? named : last;
}

}  // namespace npuscribe
