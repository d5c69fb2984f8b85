#pragma once
// Grouping tokens into words (openai/whisper, whisper/tokenizer.py: split_tokens_on_unicode,
// split_tokens_on_spaces).

#include <span>
#include <vector>

#include "model/tokenizer.h"

namespace npuscribe {

/// The shortest runs of tokens that end at the end of a character. Bytes that are not UTF-8 become U+FFFD, so
/// that no token is lost and the texts together are `tokenizer.decode(tokens)`. A special or timestamp token
/// is a run of its own, with empty text.
std::vector<Tokenizer::Word> split_on_characters(const Tokenizer& tokenizer, std::span<const Token> tokens);

/// Joins such runs to words. A new word begins at a space, at punctuation that stands alone and at a special
/// token.
std::vector<Tokenizer::Word> join_on_spaces(const Tokenizer& tokenizer,
                                            std::vector<Tokenizer::Word> characters);

}  // namespace npuscribe
