#pragma once
// Whisper was trained on windows of 30 s. If its encoder sees less, the text is mostly as good, but now and
// then the decoder loops. The guard finds those results.

#include <cstddef>

#include "decoder/options.h"
#include "decoder/result.h"
#include "decoder/vocabulary.h"

namespace npuscribe {

struct ContextGuard {
    size_t most_tokens = 0;      // that may be sampled, timestamps included
    double encoded_seconds = 0;  // the latest time that a timestamp may have
};

/// The guard of a window that holds `seconds` of sound, and of which the encoder saw `encoded_seconds`.
ContextGuard guard_of(double seconds, double encoded_seconds);

/// True if the result cannot be trusted: it is too repetitive or too unlikely (by OpenAI's thresholds, or by
/// stricter ones in the options), has more tokens than its speech can hold, has a timestamp beyond what was
/// encoded, or its detected language is little more than a guess.
bool is_refused(const ContextGuard& guard, const DecodingResult& result, const DecodingOptions& options,
                const Vocabulary& vocabulary);

}  // namespace npuscribe
