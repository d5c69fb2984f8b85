#pragma once
// Which language is spoken (openai/whisper, whisper/decoding.py: detect_language), and when it has changed.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decoder/vocabulary.h"

namespace npuscribe {

struct DetectedLanguage {
    std::string code;
    double probability = 0;  // among languages; 1 if it was given
};

/// The probability of each of vocabulary.languages, in their order. `logits` are those of the whole
/// vocabulary after <|startoftranscript|> alone. Throws ModelError if no language has a finite one.
std::vector<double> language_probabilities(const Vocabulary& vocabulary, std::span<const float> logits);

/// The likeliest language, and the first among equals.
DetectedLanguage likeliest_language(const Vocabulary& vocabulary, std::span<const double> probabilities);

/// The language of a window, if the one before it was in `current`: another one only if the model is sure
/// of it. If it stays the same, its probability is 1.
DetectedLanguage language_after(std::string_view current, const Vocabulary& vocabulary,
                                std::span<const double> probabilities);

}  // namespace npuscribe
