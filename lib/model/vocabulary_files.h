#pragma once
// The vocabulary files of model directories.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "model/byte_pairs.h"

namespace npuscribe {

/// Reads the text tokens 0 to n_text - 1 from the first of these files that exists, in the order of how fast
/// they are read: vocabulary.txt (CTranslate2: one token a line), vocabulary.json (the same as a JSON list),
/// vocab.json (Hugging Face: token to id), tokenizer.json (the same, under "model"."vocab"). Checks that
/// every id is there, that tokens are in GPT-2's byte alphabet and include all 256 bytes, and that
/// <|endoftext|> and
/// <|startoftranscript|> follow if the file has them. Throws ModelError.
BytePairs read_vocabulary(const std::filesystem::path& directory, size_t n_text);

/// The same for a text with one token a line. `file` begins error messages.
BytePairs parse_vocabulary(std::string_view lines, size_t n_text, const std::string& file);

}  // namespace npuscribe
