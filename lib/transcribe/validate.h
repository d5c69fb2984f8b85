#pragma once
// The one place where the options of a transcription are checked.

#include <string_view>

#include "transcribe/options.h"

namespace npuscribe {

struct Dimensions;
struct Model;
struct Vocabulary;

/// Checks the options against each other and against the model. Throws OptionError:
/// "language: 'klingon' was given, …".
void validate(const TranscribeOptions& options, const Model& model);

/// The same with the parts of a model that the options depend on.
void validate(const TranscribeOptions& options, std::string_view model_name, const Vocabulary& vocabulary,
              const Dimensions& dimensions);

}  // namespace npuscribe
