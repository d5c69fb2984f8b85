#pragma once
// The models that npuscribe knows by name: models/catalog.json, which is part of the program.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/dimensions.h"

namespace npuscribe {

struct CatalogEntry {
    std::string name;  // also the name of its directory
    std::vector<std::string> aliases;
    Dimensions dimensions;
    std::vector<std::pair<int, int>> alignment_heads;  // as Checkpoint's; empty if nobody published them
};

/// All models of the catalog, smallest first.
const std::vector<CatalogEntry>& catalog();

/// The entry with this name or alias ("turbo"); null if there is none.
const CatalogEntry* find_in_catalog(std::string_view name);

/// The entry that other programs call by this name: the repositories on Hugging Face of OpenAI,
/// faster-whisper and distil-whisper ("Systran/faster-whisper-base", "openai/whisper-base"), and files of
/// whisper.cpp
/// ("ggml-base.bin", "ggml-base-q5_1.bin") and openai-whisper ("base.pt"). Null for any other name.
const CatalogEntry* find_by_other_name(std::string_view name);

/// The entry of these dimensions; of several the last whose name is in `file_name`, else the last; null if
/// there is none.
const CatalogEntry* find_in_catalog(const Dimensions& dimensions, std::string_view file_name);

/// The text of models/catalog.json, with the sources and checksums that lib/fetch reads.
std::string_view catalog_json();

}  // namespace npuscribe
