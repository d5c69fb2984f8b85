#pragma once
// The whole encoder, ready to be run again and again.

#include "bench/context.h"
#include "encoder/encoder.h"

namespace npuscribe::bench {

/// Seconds of one window. Where the device's times are modelled, `matmul` and `transfer` are its model's.
struct EncoderSeconds {
    double total = 0;
    double layers = 0;  // all of them: prepare, matmul, attention, transfer
    double stem = 0, prepare = 0, matmul = 0, attention = 0, norm = 0;
    double transfer = 0;  // as far as the device tells; part of `matmul` where times are measured
};

class EncoderRunner {
  public:
    /// Throws UsageError where context.frames are more than the model has positions for. `context` must
    /// outlive it.
    explicit EncoderRunner(const Context& context);

    /// `mel` [2·frames × n_mels].
    EncoderSeconds run(const Buffer<float>& mel);

    /// Of the last run, [frames × n_audio_state].
    MatrixView<const float> output() const;

  private:
    const Context& context_;
    Encoder encoder_;
    Buffer<float> out_;
};

}  // namespace npuscribe::bench
