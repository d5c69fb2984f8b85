#pragma once
// Which language is spoken (openai/whisper, whisper/decoding.py: detect_language).

#include <span>
#include <string>

#include "decoder/vocabulary.h"

namespace npuscribe {

struct DetectedLanguage {
    std::string code;
    double probability = 0;  // among languages
};

/// The likeliest language token, and the first among equals. `logits` are those of the whole vocabulary after
/// <|startoftranscript|> alone.
DetectedLanguage detect_language(const Vocabulary& vocabulary, std::span<const float> logits);

}  // namespace npuscribe
