#pragma once
// The audio encoder as the pipeline sees it. The real one is encoder/encoder.h; tests put others in its
// place.

#include "base/matrix_view.h"
#include "model/dimensions.h"

namespace npuscribe {

/// Wall-clock seconds, summed over all calls.
struct EncoderTimes {
    double stem = 0;      // the two convolutions
    double quantise = 0;  // layer norm and quantisation of operands
    double matmul = 0;
    double attention = 0;
    double norm = 0;  // final layer norm
};

class EncodeModel {
  public:
    virtual ~EncodeModel() = default;
    virtual const Dimensions& dimensions() const = 0;

    /// `mel` [2·n_ctx × n_mels], time-major; `out` [n_ctx × n_audio_state]; 1 <= n_ctx <= n_audio_ctx. With
    /// fewer frames than the model's, the position table is cut there. Called by one thread at a time.
    virtual void encode(MatrixView<const float> mel, MatrixView<float> out) = 0;

    /// Of all calls so far.
    virtual const EncoderTimes& times() const = 0;
};

}  // namespace npuscribe
