#pragma once
// A model as the program uses it: a checkpoint, its tokenizer, and where it came from.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint.h"
#include "model/tokenizer.h"

namespace npuscribe {

struct Model {
    std::string name;  // "base", or the directory's name
    std::filesystem::path path;
    std::unique_ptr<Checkpoint> checkpoint;
    Tokenizer tokenizer;

    const Dimensions& dimensions() const { return checkpoint->dimensions(); }
};

/// `name_or_path`: a directory, or a name of models/catalog.json that was fetched before. Throws ModelError;
/// for a known name that is not there, with the command that fetches it.
Model load_model(std::string_view name_or_path);

/// Where fetched models live: $NPUSCRIBE_MODELS, else $XDG_CACHE_HOME/npuscribe/models, else
/// ~/.cache/npuscribe/models.
std::filesystem::path models_directory();

/// Silero's weights in `models_directory()`; throws ModelError with the command that fetches them.
std::filesystem::path vad_weights();

/// Names that the catalog knows, smallest first.
std::vector<std::string> known_models();

}  // namespace npuscribe
