#pragma once
// The two vocabularies of OpenAI's Whisper, which are part of the program: checkpoints of openai-whisper hold
// none.

#include <cstddef>

#include "model/byte_pairs.h"

namespace npuscribe {

/// The `n_text` text tokens of Whisper's English vocabulary (50256, which is GPT-2's) or of the multilingual
/// one (50257). Throws ModelError for another number.
BytePairs builtin_vocabulary(size_t n_text);

}  // namespace npuscribe
