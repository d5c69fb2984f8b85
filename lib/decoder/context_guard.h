#pragma once
// Whisper was trained on windows of 30 s. Where its encoder is shown less, it mostly does as well, and now
// and then loops: what it says then is held to this guard.

#include <cstddef>

#include "decoder/options.h"
#include "decoder/result.h"
#include "decoder/vocabulary.h"

namespace npuscribe {

struct ContextGuard {
    size_t most_tokens = 0;      // sampled, timestamps included
    double encoded_seconds = 0;  // no timestamp is later
};

/// The guard of a window of so many seconds of sound, of which the encoder saw so many seconds.
ContextGuard guard_of(double seconds, double encoded_seconds);

/// True where the result is not to be believed: too repetitive or too unlikely (by OpenAI's thresholds, or by
/// stricter ones of the options), more tokens than its speech can hold, a timestamp where nothing was
/// encoded, or a detected language that is little more than a guess.
bool is_refused(const ContextGuard& guard, const DecodingResult& result, const DecodingOptions& options,
                const Vocabulary& vocabulary);

}  // namespace npuscribe
