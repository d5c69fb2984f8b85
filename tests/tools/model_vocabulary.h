#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "random_model.h"

namespace npuscribe::test {

/// Copies model.vocabulary's files, or writes a made-up vocabulary: the 256 bytes as GPT-2 orders and writes
/// them, pairs of them, and Whisper's special tokens. Writes nothing if n_vocab is not one of Whisper's.
void write_vocabulary(const std::filesystem::path& directory, const RandomModel& model);

/// The bytes of the made-up vocabulary's text tokens; none if n_vocab is not one of Whisper's.
std::vector<std::string> made_up_text_tokens(const Dimensions& dimensions);

}  // namespace npuscribe::test
