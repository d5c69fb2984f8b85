#pragma once
// Tokens to words (openai/whisper, whisper/tokenizer.py: split_tokens_on_unicode, split_tokens_on_spaces).

#include <span>
#include <vector>

#include "model/tokenizer.h"

namespace npuscribe {

/// The shortest runs of tokens whose bytes are whole characters. Bytes that are no character in the whole
/// text either stand alone as U+FFFD; those at its end join the last run, so that no token is lost and the
/// texts joined are `tokenizer.decode(tokens)`. A special or timestamp token is a run of its own, with empty
/// text.
std::vector<Tokenizer::Word> split_on_characters(const Tokenizer& tokenizer, std::span<const Token> tokens);

/// Joins such runs to words: a new one begins at a space, at punctuation that stands alone and at a special
/// token.
std::vector<Tokenizer::Word> join_on_spaces(const Tokenizer& tokenizer,
                                            std::vector<Tokenizer::Word> characters);

}  // namespace npuscribe
