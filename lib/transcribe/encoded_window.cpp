#include "transcribe/encoded_window.h"

#include <utility>

namespace npuscribe {
namespace {

/// Room for the output of a window of `mel`.
EncodedWindow room_for(const EncodeModel& model, const Buffer<float>& mel, Buffer<float> output) {
    EncodedWindow window;
    window.n_ctx = mel.size() / model.dimensions().n_mels / 2;
    window.n_audio_state = model.dimensions().n_audio_state;
    window.output = std::move(output);
    window.output.reserve_discard(window.n_ctx * window.n_audio_state);
    return window;
}

EncodeJob job(const EncodeModel& model, const Buffer<float>& mel, EncodedWindow& window) {
    const size_t n_mels = model.dimensions().n_mels;
    return {{mel.data(), mel.size() / n_mels, n_mels},
            window.output.matrix(window.n_ctx, window.n_audio_state)};
}

void note(const EncodeJob& job, EncodedWindow& window) {
    window.times = job.times;
    window.seconds = job.seconds;
    window.span = job.span;
}

}  // namespace

EncodedWindow encode_window(EncodeModel& model, const Buffer<float>& mel, Buffer<float> output) {
    EncodedWindow window = room_for(model, mel, std::move(output));
    EncodeJob one = job(model, mel, window);
    model.encode_job(one);
    if (one.error) std::rethrow_exception(one.error);
    note(one, window);
    return window;
}

std::array<EncodedOrError, 2> encode_windows(EncodeModel& model, const Buffer<float>& first,
                                             const Buffer<float>& second) {
    EncodedWindow windows[] = {room_for(model, first, {}), room_for(model, second, {})};
    EncodeJob jobs[] = {job(model, first, windows[0]), job(model, second, windows[1])};
    model.encode_pair(jobs[0], jobs[1]);
    std::array<EncodedOrError, 2> results;
    for (size_t i = 0; i < results.size(); ++i) {
        results[i].error = jobs[i].error;
        if (jobs[i].error) continue;
        note(jobs[i], windows[i]);
        results[i].window = std::move(windows[i]);
    }
    return results;
}

}  // namespace npuscribe
