#pragma once
// The model of a run, which comes by itself if it is not on this machine.

#include <string>
#include <utility>

#include "base/error.h"
#include "console.h"

namespace npuscribe::app {

/// The model of a run is known, but not on disk, and may not be fetched. `next` has the lines that stderr
/// shows after the error: how large the model is, where it comes from, the others, and the command again.
class MissingModel : public ModelError {
  public:
    MissingModel(const std::string& message, std::string next_lines)
        : ModelError(message), next(std::move(next_lines)) {}
    std::string next;
};

struct Need {
    std::string model;  // as it was given: a name or a path
    bool vad = true;    // the voice activity model is needed, too
    bool may_fetch = true;
    std::string input;  // the first of the run, for the command that MissingModel shows
};

/// The model to open: `need.model` itself, or the catalog's name for what other programs call
/// "Systran/faster-whisper-base" or "ggml-base.bin", unless there is such a file. Fetches what is needed and
/// not there, with a progress bar. Throws MissingModel if that is forbidden, and ModelError if it fails or if
/// the name looks like a slip of a known one.
std::string provide_model(const Need& need, Console& console);

/// The name of the model that runs without --model use.
inline constexpr const char* kDefaultModel = "base";

}  // namespace npuscribe::app
