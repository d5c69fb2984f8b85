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
        object.at("files").get_to(source.files);
        optional(object, "any_of", source.any_of);
    } else if (kind == "url") {
        source.kind = SourceKind::url;
        object.at("urls").get_to(source.urls);
    } else {
        source.kind = SourceKind::pip;
        object.at("packages").get_to(source.packages);
        object.at("members").get_to(source.members);
        optional(object, "sha256", source.sha256);
    }
    return source;
}

std::vector<Entry> read() {
    std::vector<Entry> list;
    const json catalog = json::parse(catalog_json());
    for (const char* part : {"models", "files"}) {
        for (const json& object : catalog.at(part)) {
            Entry entry;
            entry.is_model = std::string_view(part) == "models";
            object.at("name").get_to(entry.name);
            object.at("sha256").get_to(entry.sha256);
            optional(object, "aliases", entry.aliases);
            for (const json& source : object.at("sources")) entry.sources.push_back(source_from(source));
            list.push_back(std::move(entry));
        }
    }
    return list;
}

}  // namespace

const std::vector<Entry>& entries() {
    static const std::vector<Entry> list = read();
    return list;
}

const Entry& find_entry(std::string_view name) {
    std::vector<std::string_view> names;
    for (const Entry& entry : entries()) {
        const bool alias = std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end();
        if (entry.name == name || alias) return entry;
        names.push_back(entry.name);
    }
    throw UsageError(
        fmt::format("there is no model {} to fetch; the names are {}", name, fmt::join(names, ", ")));
}

}  // namespace npuscribe::fetch
