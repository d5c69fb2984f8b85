#pragma once
// A vocabulary as converted models carry it (container.h), to be taken over in one pass: the length of each
// text token, a byte each, in the order of ids; then the tokens' own bytes, one behind the other.

#include <cstddef>
#include <span>
#include <string>

#include "model/byte_pairs.h"
#include "model/tokenizer.h"

namespace npuscribe {

/// All text tokens of `tokenizer`. Throws ModelError where one is longer than 255 bytes; Whisper's longest
/// has 128.
std::string pack_vocabulary(const Tokenizer& tokenizer);

/// Ids 0 to n_text - 1. Throws ModelError, beginning with `file`, where `packed` is not exactly that many
/// tokens, or lacks one of the 256 single bytes.
BytePairs unpack_vocabulary(std::span<const std::byte> packed, size_t n_text, const std::string& file);

}  // namespace npuscribe
