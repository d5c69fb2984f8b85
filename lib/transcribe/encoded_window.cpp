#include "transcribe/encoded_window.h"

#include <chrono>
#include <utility>

namespace npuscribe {

EncodedWindow encode_window(EncodeModel& model, const Buffer<float>& mel, Buffer<float> output) {
    const size_t n_mels = model.dimensions().n_mels;
    const size_t mel_frames = mel.size() / n_mels;
    EncodedWindow window;
    window.n_ctx = mel_frames / 2;
    window.n_audio_state = model.dimensions().n_audio_state;
    window.output = std::move(output);
    window.output.reserve_discard(window.n_ctx * window.n_audio_state);
    const EncoderTimes before = model.times();
    window.span.begin = Span::Clock::now();
    model.encode({mel.data(), mel_frames, n_mels}, window.output.matrix(window.n_ctx, window.n_audio_state));
    window.span.end = Span::Clock::now();
    window.seconds = std::chrono::duration<double>(window.span.end - window.span.begin).count();
    const EncoderTimes& after = model.times();
    window.times = {after.stem - before.stem, after.quantise - before.quantise, after.matmul - before.matmul,
                    after.attention - before.attention, after.norm - before.norm};
    return window;
}

}  // namespace npuscribe
