#pragma once
// models/catalog.json, which the program carries inside: the models that a name stands for.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/dimensions.h"

namespace npuscribe {

struct CatalogEntry {
    std::string name;  // also of its directory
    std::vector<std::string> aliases;
    Dimensions dimensions;
    std::vector<std::pair<int, int>> alignment_heads;  // as Checkpoint's; empty where nobody published them
};

/// All models of the catalog, smallest first.
const std::vector<CatalogEntry>& catalog();

/// The entry of a name or an alias ("turbo"); null where there is none.
const CatalogEntry* find_in_catalog(std::string_view name);

/// The entry of these dimensions; of several the last whose name is in `file_name`, else the last; null where
/// there is none.
const CatalogEntry* find_in_catalog(const Dimensions& dimensions, std::string_view file_name);

/// The text of models/catalog.json: sources and checksums, for whoever fetches.
std::string_view catalog_json();

}  // namespace npuscribe
