#pragma once

#include <filesystem>

#include "random_model.h"

namespace npuscribe::test {

/// Copies model.vocabulary's files, or writes a made-up vocabulary: the 256 bytes as GPT-2 orders and writes
/// them, pairs of them, and Whisper's special tokens. Nothing where n_vocab is none of Whisper's.
void write_vocabulary(const std::filesystem::path& directory, const RandomModel& model);

}  // namespace npuscribe::test
