#pragma once
// The encoder's output for one window, and the functions that compute it.

#include <array>
#include <cstddef>
#include <exception>
#include <optional>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "base/stopwatch.h"
#include "encoder/encode_model.h"

namespace npuscribe {

/// A window's encoder output, and what it took.
struct EncodedWindow {
    MatrixView<const float> matrix() const { return output.matrix(n_ctx, n_audio_state); }

    Buffer<float> output;  // holds the matrix, and may be larger
    size_t n_ctx = 0;
    size_t n_audio_state = 0;
    EncoderTimes times;  // of this window alone
    double seconds = 0;  // the two of a pair share the pair's
    Span span;
};

/// Encodes one window on the caller's thread. `mel` is [2·n_ctx × n_mels]; `output`, which may be empty, is
/// used again.
EncodedWindow encode_window(EncodeModel& model, const Buffer<float>& mel, Buffer<float> output = {});

/// A window, or why it could not be encoded.
struct EncodedOrError {
    std::optional<EncodedWindow> window;
    std::exception_ptr error;
};

/// Encodes two windows together (EncodeModel::encode_pair).
std::array<EncodedOrError, 2> encode_windows(EncodeModel& model, const Buffer<float>& first,
                                             const Buffer<float>& second);

}  // namespace npuscribe
