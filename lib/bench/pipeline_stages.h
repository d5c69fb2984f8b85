#pragma once
// FLOPs and bytes of the stages of one window, computed from a model's dimensions.

#include <cstddef>

#include "model/dimensions.h"

namespace npuscribe::bench {

/// The least work of a stage: operations (a multiply-add is two), and bytes that it must read or write.
struct Work {
    double flops = 0;
    double bytes = 0;

    /// Seconds at these limits: the longer of the two times.
    double seconds(double flops_per_second, double bytes_per_second) const;
};

/// `element`: bytes of a weight, an operand or a cached value (2 for bfloat16, 4 for f32).
Work stem_work(const Dimensions&, size_t frames, size_t element);
/// Reads f32 and writes elements, in every layer before query, key and value, before out, mlp.0 and mlp.2.
Work quantise_work(const Dimensions&, size_t frames, size_t element);
Work matmul_work(const Dimensions&, size_t frames, size_t element);
Work attention_work(const Dimensions&, size_t frames, size_t element);
/// Cross-attention's keys and values of one window in all layers of the decoder.
Work cross_kv_work(const Dimensions&, size_t frames, size_t element);

/// One step of the decoder for `rows` sequences at `position`, each on a window of its own.
struct DecoderStep {
    size_t frames = 0;  // of each window
    size_t rows = 0;
    size_t position = 0;
    double weight_bytes = 0;  // of a weight
    double audio_bytes = 0;   // of a value among the audio's keys and values
    double element = 0;       // bytes of any other value
};
struct DecoderStepWork {
    Work all;
    double weight_bytes = 0;  // of all weights: they are read once a step, however many rows there are
};
DecoderStepWork decoder_step_work(const Dimensions&, const DecoderStep&);

}  // namespace npuscribe::bench
