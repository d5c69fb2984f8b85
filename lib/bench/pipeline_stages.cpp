#include "bench/pipeline_stages.h"

#include <algorithm>

#include "bench/projection.h"

namespace npuscribe::bench {
namespace {

constexpr double kF32 = 4;

double d(size_t value) {
    return static_cast<double>(value);
}

Shape shape(const Dimensions& dims, size_t frames) {
    return {dims.n_audio_state, dims.n_audio_layer, frames, 1};
}

}  // namespace

double Work::seconds(double flops_per_second, double bytes_per_second) const {
    return std::max(flops / flops_per_second, bytes / bytes_per_second);
}

Work stem_work(const Dimensions& dims, size_t frames, size_t element) {
    constexpr double kKernel = 3;
    const double state = d(dims.n_audio_state);
    const double first = kKernel * d(dims.n_mels) * state;  // weights of each convolution
    const double second = kKernel * state * state;
    const double mel_bytes = 2 * d(frames) * d(dims.n_mels) * kF32;
    return {2 * (2 * d(frames) * first + d(frames) * second),
            (first + second) * d(element) + mel_bytes + d(frames) * state * kF32};
}

Work quantise_work(const Dimensions& dims, size_t frames, size_t element) {
    constexpr double kWidths = 1 + 1 + 1 + 4;  // in n_audio_state
    const double values = kWidths * d(frames) * d(dims.n_audio_state) * d(dims.n_audio_layer);
    return {0, values * (kF32 + d(element))};
}

Work matmul_work(const Dimensions& dims, size_t frames, size_t element) {
    const double state = d(dims.n_audio_state);
    const double weights = 12 * state * state * d(dims.n_audio_layer);
    const double operands = 7 * d(frames) * state * d(dims.n_audio_layer);  // query, key and value share one
    const double results = 9 * d(frames) * state * d(dims.n_audio_layer);
    return {matmul_operations(shape(dims, frames)), (weights + operands) * d(element) + results * kF32};
}

Work attention_work(const Dimensions& dims, size_t frames, size_t element) {
    // Queries, keys and values in, one result out; keys and values are packed to elements and read again.
    const double values = d(frames) * d(dims.n_audio_state) * d(dims.n_audio_layer);
    return {attention_operations(shape(dims, frames)), values * (4 * kF32 + 2 * d(element))};
}

Work cross_kv_work(const Dimensions& dims, size_t frames, size_t element) {
    const double weights = 2 * d(dims.n_text_state) * d(dims.n_audio_state) * d(dims.n_text_layer);
    const double results = 2 * d(frames) * d(dims.n_text_state) * d(dims.n_text_layer);
    return {2 * d(frames) * weights,
            (weights + results) * d(element) + d(frames) * d(dims.n_audio_state) * kF32};
}

DecoderStepWork decoder_step_work(const Dimensions& dims, const DecoderStep& step) {
    const double state = d(dims.n_text_state);
    const double layers = d(dims.n_text_layer);
    // Self-attention 4, cross-attention's query and out 2, the MLP 8; and the vocabulary once.
    const double weights = layers * (4 + 2 + 8) * state * state + d(dims.n_vocab) * state;
    // The keys and values that a row looks at: those of the audio and of the words so far.
    const double audio = layers * 2 * state * d(step.frames);
    const double words = layers * 2 * state * (d(step.position) + 1);
    DecoderStepWork work;
    const double rows = d(step.rows);
    work.weight_bytes = weights * step.weight_bytes;
    work.all = {2 * rows * (weights + audio + words),
                work.weight_bytes + rows * (audio * step.audio_bytes + words * step.element)};
    return work;
}

}  // namespace npuscribe::bench
