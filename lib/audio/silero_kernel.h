#pragma once
// The network behind VadDetector, a batch of frames at a time. Only the LSTM goes through them one by one.
//
// A frame of 512 samples, with 64 before it and its own last 64 mirrored behind it, is 4 STFT positions 128
// samples apart; three convolutions take those to one vector of 128, the LSTM's input.

#include <cstddef>

#include "audio/fft_tables.h"
#include "audio/silero_vad.h"
#include "base/buffer.h"

namespace npuscribe::audio {

inline constexpr size_t kVadContext = 64;
inline constexpr size_t kVadPadded = kVadContext + kVadFrame + 64;
inline constexpr size_t kVadBins = 129;
inline constexpr size_t kVadState = 128;
inline constexpr size_t kVadGates = 4 * kVadState;  // input, forget, cell, output
inline constexpr size_t kGateBlock = 128;           // outputs whose recurrent weights lie together

/// A convolution's weights, [taps × inputs × outputs], and its bias.
struct VadConv {
    size_t inputs = 0;
    size_t outputs = 0;
    Buffer<float> weights;
    Buffer<float> bias;

    const float* tap(size_t t) const { return weights.data() + t * inputs * outputs; }
};

struct VadModel::Weights {
    RealFftTables<4, float> fft;
    std::array<float, 256> window = hann_window<256, float>();
    VadConv conv1, conv2, conv3, conv4;
    Buffer<float> lstm_input;      // [128 × 512]
    Buffer<float> lstm_recurrent;  // [512/kGateBlock × 128 × kGateBlock]
    Buffer<float> lstm_bias;       // [512], both of PyTorch's added up
    Buffer<float> out_weights;     // [128]
    float out_bias = 0;
};

/// Activations of one batch, frames innermost: [position × channel × kVadBatch].
struct VadActivations {
    Buffer<float> samples{kVadPadded * kVadBatch};  // [640 × frames]
    Buffer<float> spectrum{4 * kVadBins * kVadBatch};
    Buffer<float> conv1{4 * 128 * kVadBatch};
    Buffer<float> conv2{2 * 64 * kVadBatch};
    Buffer<float> conv3{64 * kVadBatch};
    Buffer<float> conv4{128 * kVadBatch};
    Buffer<float> gates{kVadBatch * kVadGates};  // [frames × 512]
};

/// The LSTM's memory.
struct VadMemory {
    alignas(64) float hidden[kVadState] = {};
    alignas(64) float cell[kVadState] = {};
};

/// From `activations.samples` to `activations.gates`: everything that does not depend on the frame before.
void vad_encode(const VadModel::Weights& weights, VadActivations& activations);

/// Goes through the first `frames` rows of `gates`, [frames × 512], and writes a probability for each.
void vad_recur(const VadModel::Weights& weights, const float* gates, size_t frames, VadMemory& memory,
               float* probabilities);

}  // namespace npuscribe::audio
