#include "decoder/fallback.h"

#include <zlib.h>

#include <new>
#include <vector>

namespace npuscribe {

double compression_ratio(std::string_view text) {
    const auto size = static_cast<uLong>(text.size());
    uLongf compressed = compressBound(size);
    std::vector<Bytef> out(compressed);
    if (compress(out.data(), &compressed, reinterpret_cast<const Bytef*>(text.data()), size) != Z_OK) {
        throw std::bad_alloc();  // its only other error is a buffer too small, which compressBound rules out
    }
    return static_cast<double>(text.size()) / static_cast<double>(compressed);
}

bool needs_fallback(const DecodingResult& result, const DecodingOptions& options) {
    const bool repetitive = options.compression_ratio_threshold &&
                            result.compression_ratio > *options.compression_ratio_threshold;
    const bool unlikely = options.logprob_threshold && result.avg_logprob < *options.logprob_threshold;
    const bool no_speech =
        options.no_speech_threshold && result.no_speech_prob > *options.no_speech_threshold;
    if (no_speech && unlikely) return false;
    return repetitive || unlikely;
}

bool is_silence(const DecodingResult& result, const DecodingOptions& options) {
    if (!options.no_speech_threshold || !(result.no_speech_prob > *options.no_speech_threshold)) return false;
    return !(options.logprob_threshold && result.avg_logprob > *options.logprob_threshold);
}

}  // namespace npuscribe
