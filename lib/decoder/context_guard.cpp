#include "decoder/context_guard.h"

#include <algorithm>
#include <cmath>

#include "decoder/fallback.h"

namespace npuscribe {

namespace {

/// People say four to nine syllables a second, by language and speaker (Coupé, Oh, Dediu and Pellegrino,
/// "Different languages, similar encoding efficiency", Science Advances 5(9), 2019), and Whisper's tokenizer
/// mostly needs one token a syllable or less: read English has at most 3.4 a second, and 8 besides. A script
/// that the tokenizer spells byte by byte needs more: such a window is decoded twice, which costs time but no
/// accuracy.
constexpr double kMostTokensASecond = 10;
constexpr double kTokensBesides = 10;  // timestamps and punctuation of a clip of one or two words

constexpr double kLeastLanguageProbability = 0.5;

}  // namespace

ContextGuard guard_of(double seconds, double encoded_seconds) {
    return {static_cast<size_t>(std::ceil(kTokensBesides + kMostTokensASecond * seconds)), encoded_seconds};
}

bool is_refused(const ContextGuard& guard, const DecodingResult& result, const DecodingOptions& options,
                const Vocabulary& vocabulary) {
    const DecodingOptions openai;
    if (result.compression_ratio > *openai.compression_ratio_threshold) return true;
    if (result.avg_logprob < *openai.logprob_threshold) return true;
    if (needs_fallback(result, options)) return true;
    if (result.language_probability < kLeastLanguageProbability) return true;
    if (result.tokens.size() - result.prefix_tokens > guard.most_tokens) return true;
    const auto timestamps = static_cast<Token>(std::lround(guard.encoded_seconds / kTimestampSeconds));
    const Token last = vocabulary.timestamp_begin + timestamps;
    return std::any_of(result.tokens.begin(), result.tokens.end(), [&](Token token) { return token > last; });
}

}  // namespace npuscribe
