#include "transcribe/types.h"

namespace npuscribe {

std::string Transcript::text() const {
    std::string joined;
    for (const Segment& segment : segments) joined += segment.text;
    return joined;
}

Timing& Timing::operator+=(const Timing& other) {
    load += other.load;
    audio_decode += other.audio_decode;
    vad += other.vad;
    mel += other.mel;
    encoder_quantise += other.encoder_quantise;
    encoder_matmul += other.encoder_matmul;
    encoder_attention += other.encoder_attention;
    encoder_other += other.encoder_other;
    cross_kv += other.cross_kv;
    modelled_array += other.modelled_array;
    decoder += other.decoder;
    total += other.total;
    windows += other.windows;
    steps += other.steps;
    rows += other.rows;
    tokens += other.tokens;
    fallbacks += other.fallbacks;
    encoder_frames += other.encoder_frames;
    context_guard += other.context_guard;
    coverage_guard += other.coverage_guard;
    coverage_filled += other.coverage_filled;
    audio_seconds += other.audio_seconds;
    return *this;
}

}  // namespace npuscribe
