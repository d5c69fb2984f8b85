#pragma once
// FLOPs and bytes of the stages of one window, from a model's dimensions alone.

#include <cstddef>

#include "model/dimensions.h"

namespace npuscribe::bench {

/// The least that a stage must do: operations (a multiply-add is two), and bytes that it must read or write.
struct Work {
    double flops = 0;
    double bytes = 0;

    /// Seconds at the limits; the larger of the two times.
    double seconds(double flops_per_second, double bytes_per_second) const;
};

/// `element`: bytes of a weight, an operand or a cached value (2 for bfloat16, 4 for f32).
Work stem_work(const Dimensions&, size_t frames, size_t element);
/// Reads f32, writes elements: before query, key and value, out, mlp.0 and mlp.2 of every layer.
Work quantise_work(const Dimensions&, size_t frames, size_t element);
Work matmul_work(const Dimensions&, size_t frames, size_t element);
Work attention_work(const Dimensions&, size_t frames, size_t element);
/// Cross-attention's keys and values of one window, all layers of the decoder.
Work cross_kv_work(const Dimensions&, size_t frames, size_t element);

/// One step of the decoder: `rows` sequences, each of a window of its own of `frames`, at `position`. A
/// weight takes `weight_bytes`, a value of the audio's keys and values `audio_bytes`, any other `element`.
struct DecoderStepWork {
    Work all;
    double weight_bytes = 0;  // read once a step, whatever the rows
};
DecoderStepWork decoder_step_work(const Dimensions&, size_t frames, size_t rows, size_t position,
                                  size_t element, double weight_bytes, double audio_bytes);

}  // namespace npuscribe::bench
