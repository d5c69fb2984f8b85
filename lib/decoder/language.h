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

/// `logits`: of the whole vocabulary, after <|startoftranscript|> alone. The likeliest language token, the
/// first among equals.
DetectedLanguage detect_language(const Vocabulary& vocabulary, std::span<const float> logits);

}  // namespace npuscribe
