#pragma once
// Which inputs a run transcribes: those that were typed, those of a list, and of all these one shard.

#include <string>
#include <vector>

#include "inputs.h"
#include "transcribe_options.h"

namespace npuscribe::app {

struct ChosenInputs {
    std::vector<Input> inputs;  // their names are decided
    std::string note;           // for stderr; or empty
};

/// Decides the names of all inputs, picks the shard, and only then looks at the files that it has.
/// `offline`: addresses are not read. Throws
/// UsageError if there is no input, the list cannot be read, or it does not fit the options.
ChosenInputs choose_inputs(const TranscribeSettings& settings, bool offline = false);

}  // namespace npuscribe::app
