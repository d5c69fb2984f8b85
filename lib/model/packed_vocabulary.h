#pragma once
// The vocabulary of a converted model (container.h), in a form that is read in one pass: first the length of
// each text token, one byte each, in the order of ids; then the bytes of all tokens, one after the other.

#include <cstddef>
#include <span>
#include <string>

#include "model/byte_pairs.h"
#include "model/tokenizer.h"

namespace npuscribe {

/// Packs all text tokens of `tokenizer`. Throws ModelError if one is longer than 255 bytes; Whisper's longest
/// has 128.
std::string pack_vocabulary(const Tokenizer& tokenizer);

/// The tokens 0 to n_text - 1. Throws ModelError, beginning with `file`, if `packed` does not hold exactly
/// that many tokens or lacks one of the 256 single bytes.
BytePairs unpack_vocabulary(std::span<const std::byte> packed, size_t n_text, const std::string& file);

}  // namespace npuscribe
