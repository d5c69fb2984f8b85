#pragma once
// Runs the whole encoder again and again, with its times.

#include "bench/context.h"
#include "encoder/encoder.h"

namespace npuscribe::bench {

/// Seconds for one window. If the device's times are modelled, `matmul` and `transfer` come from its model.
struct EncoderSeconds {
    double total = 0;
    double layers = 0;  // of all layers: prepare, matmul, attention, transfer
    double stem = 0, prepare = 0, matmul = 0, attention = 0, norm = 0;
    double transfer = 0;  // if the device counts it; part of `matmul` if times are measured
};

class EncoderRunner {
  public:
    /// Throws UsageError if the model has fewer positions than context.frames. `context` must outlive it.
    explicit EncoderRunner(const Context& context);

    /// `mel` [2·frames × n_mels].
    EncoderSeconds run(const Buffer<float>& mel);

    /// True if a transcription would encode windows in pairs on this device.
    bool pairs() const { return encoder_.gains_from_pairs(); }
    /// Encodes two windows together, and returns the seconds until both are done. Only if `pairs`.
    double run_pair(const Buffer<float>& first, const Buffer<float>& second);

    /// The output of the last run of one window, [frames × n_audio_state].
    MatrixView<const float> output() const;

  private:
    const Context& context_;
    Encoder encoder_;
    Buffer<float> out_, pair_out_[2];
};

}  // namespace npuscribe::bench
