#pragma once
// When a result is decoded again, and when it is silence (openai/whisper, whisper/transcribe.py:
// decode_with_fallback and the no-speech rule after it).

#include <string_view>

#include "decoder/options.h"
#include "decoder/result.h"

namespace npuscribe {

/// Bytes of UTF-8 over bytes after zlib's compression at its default level: high if the text repeats itself.
/// 0 for no text.
double compression_ratio(std::string_view text);

/// True if the window should be decoded again at the next temperature. Silence is accepted whatever its text.
bool needs_fallback(const DecodingResult& result, const DecodingOptions& options);

/// True if the window holds no speech and its text is to be dropped.
bool is_silence(const DecodingResult& result, const DecodingOptions& options);

}  // namespace npuscribe
