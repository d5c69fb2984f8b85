#pragma once
// The vocabulary files of model directories.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "model/byte_pairs.h"

namespace npuscribe {

/// The text tokens, ids 0 to n_text - 1, of the first of these that is there, those first that are read
/// fastest: vocabulary.txt (CTranslate2: a token a line), vocabulary.json (the same as a JSON list),
/// vocab.json (Hugging Face: token to id), tokenizer.json ("model"."vocab", the same). Checks what a Whisper
/// vocabulary must be: every id there, tokens in GPT-2's byte alphabet, all 256 bytes among them, and after
/// them <|endoftext|> and <|startoftranscript|> where the file goes so far. Throws ModelError.
BytePairs read_vocabulary(const std::filesystem::path& directory, size_t n_text);

/// The same of a text, a token a line. `file` begins the messages of errors.
BytePairs parse_vocabulary(std::string_view lines, size_t n_text, const std::string& file);

}  // namespace npuscribe
