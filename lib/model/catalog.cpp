#include "model/catalog.h"

#include <algorithm>
#include <nlohmann/json.hpp>

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
