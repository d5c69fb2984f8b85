#pragma once
// A model as the program uses it: a checkpoint, its tokenizer, and where it came from.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint.h"
#include "model/tokenizer.h"

namespace npuscribe {

struct Model {
    std::string name;  // "base", or the name of the directory or file
    std::filesystem::path path;
    std::unique_ptr<Checkpoint> checkpoint;
    Tokenizer tokenizer;

    const Dimensions& dimensions() const { return checkpoint->dimensions(); }
};

/// Where a name stands for both a directory and the file that was converted from it: which of them.
enum class Prefer {
    converted,  // it is read faster
    original,   // its weights have not been rounded to BFP16
};

/// `name_or_path`: a directory, a whisper.cpp file, a converted file, or the name of one in
/// models_directory() (there NAME is a directory, NAME.npuscribe a converted file). Throws ModelError; for a
/// known name that is not there, with the command that fetches it.
Model load_model(std::string_view name_or_path, Prefer prefer = Prefer::converted);

/// What `name` stands for in models_directory(); nothing where it is not there.
std::optional<std::filesystem::path> find_fetched(const std::string& name, Prefer prefer = Prefer::converted);

/// Where fetched models live: $NPUSCRIBE_MODELS, else $XDG_CACHE_HOME/npuscribe/models, else
/// ~/.cache/npuscribe/models.
std::filesystem::path models_directory();

/// Silero's weights in `models_directory()`; throws ModelError with the command that fetches them.
std::filesystem::path vad_weights();

/// Names that the catalog knows, smallest first.
std::vector<std::string> known_models();

}  // namespace npuscribe
