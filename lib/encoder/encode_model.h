#pragma once
// The audio encoder as the pipeline sees it. The real one is encoder/encoder.h; tests put others in its
// place.

#include <exception>

#include "base/matrix_view.h"
#include "base/stopwatch.h"
#include "model/dimensions.h"

namespace npuscribe {

/// Wall-clock seconds, summed over all calls.
struct EncoderTimes {
    double stem = 0;      // the two convolutions
    double quantise = 0;  // layer norm and quantisation of operands
    double matmul = 0;    // what the CPU spends on the matmuls, waiting for the device included
    double attention = 0;
    double norm = 0;  // final layer norm

    EncoderTimes& operator+=(const EncoderTimes& other);
    EncoderTimes operator-(const EncoderTimes& other) const;
};

/// A window to encode, and what came of it.
struct EncodeJob {
    MatrixView<const float> mel;  // [2·n_ctx × n_mels], time-major
    MatrixView<float> out;        // [n_ctx × n_audio_state]
    EncoderTimes times = {};      // of this window alone
    double seconds = 0;  // the same, all together: those of both windows of a pair add up to the pair's
    Span span = {};      // from its first step to its last: those of a pair overlap
    std::exception_ptr error = nullptr;  // why it was not encoded; then `out` holds anything
};

class EncodeModel {
  public:
    virtual ~EncodeModel() = default;
    virtual const Dimensions& dimensions() const = 0;

    /// `mel` [2·n_ctx × n_mels], time-major; `out` [n_ctx × n_audio_state]; 1 <= n_ctx <= n_audio_ctx. With
    /// fewer frames than the model's, the position table is cut there. Called by one thread at a time.
    virtual void encode(MatrixView<const float> mel, MatrixView<float> out) = 0;

    /// True if `encode_pair` takes less time than the two windows one after the other.
    virtual bool gains_from_pairs() const { return false; }
    /// Encodes two windows, with the results that `encode` has for each alone. An error in one is kept with
    /// that one, and the other is encoded all the same.
    virtual void encode_pair(EncodeJob& first, EncodeJob& second);

    /// Of all calls so far.
    virtual const EncoderTimes& times() const = 0;

    /// Encodes one window. Throws nothing: an error is kept with it.
    void encode_job(EncodeJob& job);
};

}  // namespace npuscribe
