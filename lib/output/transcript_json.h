#pragma once
// The part that the two JSON formats share. Private to lib/output.

#include <nlohmann/json.hpp>

#include "transcribe/types.h"

namespace npuscribe::output {

/// OpenAI's fields, without the details of tokens.
nlohmann::ordered_json transcript_json(const Transcript& transcript);

}  // namespace npuscribe::output
