#pragma once
// The two types that options and results share with the tokenizer.

namespace npuscribe {

/// A token's number in the vocabulary.
using Token = int;

enum class Task { transcribe, translate };

}  // namespace npuscribe
