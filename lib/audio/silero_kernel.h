#pragma once
// Silero's network, a batch of frames at a time. Only its LSTM goes through the frames one by one.
//
// A frame of 512 samples, with the 64 before it and its own last 64 mirrored behind it, is 4 STFT positions
// 128 samples apart. Four convolutions turn those into one vector of 128 values: the LSTM's input.

#include <cstddef>
#include <span>

#include "audio/fft_tables.h"
#include "audio/silero_vad.h"
#include "base/buffer.h"

namespace npuscribe::audio {

inline constexpr size_t kSileroBatch = 64;  // frames at once, at most
inline constexpr size_t kSileroContext = 64;
inline constexpr size_t kSileroPadded = kSileroContext + SileroVad::kFrame + 64;
inline constexpr size_t kSileroStft = 256;  // points
inline constexpr size_t kSileroBins = kSileroStft / 2 + 1;
inline constexpr size_t kSileroState = 128;
inline constexpr size_t kSileroGates = 4 * kSileroState;  // input, forget, cell, output
inline constexpr size_t kGateBlock = 128;                 // outputs whose recurrent weights lie together

/// A convolution's weights, [taps × inputs × outputs], and its bias.
struct SileroConv {
    size_t inputs = 0;
    size_t outputs = 0;
    Buffer<float> weights;
    Buffer<float> bias;

    const float* tap(size_t t) const { return weights.data() + t * inputs * outputs; }
};

struct SileroVad::Weights {
    RealFftTables<4, float> fft;
    std::array<float, kSileroStft> window = hann_window<kSileroStft, float>();
    SileroConv conv1, conv2, conv3, conv4;
    Buffer<float> lstm_input;      // [128 × 512]
    Buffer<float> lstm_recurrent;  // [512/kGateBlock × 128 × kGateBlock]
    Buffer<float> lstm_bias;       // [512], the sum of PyTorch's two
    Buffer<float> out_weights;     // [128]
    float out_bias = 0;
};

/// Activations of one batch, frames innermost: [position × channel × kSileroBatch].
struct SileroActivations {
    Buffer<float> samples{kSileroPadded * kSileroBatch};  // [640 × frames]
    Buffer<float> spectrum{4 * kSileroBins * kSileroBatch};
    Buffer<float> conv1{4 * 128 * kSileroBatch};
    Buffer<float> conv2{2 * 64 * kSileroBatch};
    Buffer<float> conv3{64 * kSileroBatch};
    Buffer<float> conv4{128 * kSileroBatch};
    Buffer<float> gates{kSileroBatch * kSileroGates};  // [frames × 512]
};

/// The LSTM's memory.
struct SileroMemory {
    alignas(64) float hidden[kSileroState] = {};
    alignas(64) float cell[kSileroState] = {};
};

/// From `activations.samples` to `activations.gates`: everything that does not depend on the frame before.
/// Only the first `frames` frames count, and cost time, rounded up to 32 at most.
void silero_encode(const SileroVad::Weights& weights, SileroActivations& activations, size_t frames);

/// Takes the LSTM through one frame for each probability. `gates`: [frames × 512].
void silero_recur(const SileroVad::Weights& weights, const float* gates, SileroMemory& memory,
                  std::span<float> probabilities);

}  // namespace npuscribe::audio
