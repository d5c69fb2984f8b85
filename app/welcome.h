#pragma once
// What a newcomer is told.

#include <string>
#include <utility>

#include "base/error.h"

namespace npuscribe::app {

/// For npuscribe without arguments on a terminal: the three commands to start with. Until a model has been
/// fetched, the first of them fetches one.
std::string welcome();

/// The model of a run is known, but not on disk. `next` has the lines that stderr shows after the error: how
/// large the model is, where it comes from, the others, and the command again.
class MissingModel : public ModelError {
  public:
    MissingModel(const std::string& message, std::string next_lines)
        : ModelError(message), next(std::move(next_lines)) {}
    std::string next;
};

/// Throws MissingModel if `model` is a name of the catalog that is neither fetched nor a directory
/// here. `input` is the first input of the run, for the command to run then.
void require_model(const std::string& model, const std::string& input);

}  // namespace npuscribe::app
