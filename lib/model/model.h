#pragma once
// A model as the program uses it: a checkpoint and its tokenizer.

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

/// Which to take if a name stands for a directory and for the file that was converted from it.
enum class Prefer {
    converted,  // it is read faster
    original,   // its weights have not been rounded to BFP16
};

/// `name_or_path` is a directory, a whisper.cpp file or a converted file, or the name of a model in
/// models_directory(), where NAME is a directory and NAME.npuscribe a converted file. Throws ModelError; if a
/// known model is not there, its message has the command that fetches it.
Model load_model(std::string_view name_or_path, Prefer prefer = Prefer::converted);

/// The directory or file of the model `name` in models_directory() or, if it is not there, what
/// openai-whisper has fetched (NAME.pt in whisper in $XDG_CACHE_HOME or ~/.cache); none if neither is there.
std::optional<std::filesystem::path> find_fetched(const std::string& name, Prefer prefer = Prefer::converted);

/// Where fetched models live: $NPUSCRIBE_MODELS, else $XDG_CACHE_HOME/npuscribe/models, else
/// ~/.cache/npuscribe/models.
std::filesystem::path models_directory();

/// Silero's weights in `models_directory()`. If they are not there, throws ModelError with the command that
/// fetches them.
std::filesystem::path vad_weights();

/// The names of the catalog's models, smallest first.
std::vector<std::string> known_models();

}  // namespace npuscribe
