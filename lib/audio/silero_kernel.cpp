#include "audio/silero_kernel.h"

#include <cmath>

#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "audio/silero_kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "audio/fft-inl.h"
#include "simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::audio::HWY_NAMESPACE {

constexpr size_t kRows = kFrameLanes == 16 ? 8 : 4;  // what the registers hold, with two vectors a row
constexpr size_t kCols = 2 * kFrameLanes;

/// What the tile's size makes of `count`.
constexpr size_t RoundUp(size_t count, size_t tile) {
    return (count + tile - 1) / tile * tile;
}

/// C[i][j] = Σk P[k][i]·Q[k][j] + bias, for i below `used_rows` and j below `used_cols`, both multiples of
/// the tile, of matrices with `rows` and `cols`. The bias goes with the rows or with the columns.
enum class Bias { row, column };
template <Bias kBias, bool kRelu>
HWY_INLINE void MatMul(const float* HWY_RESTRICT p, size_t rows, size_t used_rows,
                       const float* HWY_RESTRICT q, size_t cols, size_t used_cols, size_t depth,
                       const float* HWY_RESTRICT bias, float* HWY_RESTRICT c) {
    const FrameTag d;
    for (size_t i = 0; i < used_rows; i += kRows) {
        for (size_t j = 0; j < used_cols; j += kCols) {
            FrameVec sum[kRows][2];
            for (size_t r = 0; r < kRows; ++r) {
                for (size_t v = 0; v < 2; ++v) {
                    sum[r][v] = kBias == Bias::row ? hn::Set(d, bias[i + r])
                                                   : hn::Load(d, bias + j + v * kFrameLanes);
                }
            }
            for (size_t k = 0; k < depth; ++k) {
                const FrameVec q0 = hn::Load(d, q + k * cols + j);
                const FrameVec q1 = hn::Load(d, q + k * cols + j + kFrameLanes);
                for (size_t r = 0; r < kRows; ++r) {
                    const FrameVec weight = hn::Set(d, p[k * rows + i + r]);
                    sum[r][0] = hn::MulAdd(weight, q0, sum[r][0]);
                    sum[r][1] = hn::MulAdd(weight, q1, sum[r][1]);
                }
            }
            for (size_t r = 0; r < kRows; ++r) {
                for (size_t v = 0; v < 2; ++v) {
                    const FrameVec value = kRelu ? hn::Max(sum[r][v], hn::Zero(d)) : sum[r][v];
                    hn::Store(value, d, c + (i + r) * cols + j + v * kFrameLanes);
                }
            }
        }
    }
}

/// One output position of a convolution of width 3 over `positions` input positions, zeros outside.
/// Positions, and the taps over them, are contiguous, so this is one long matrix product.
HWY_INLINE void ConvPosition(const SileroConv& conv, const float* in, size_t positions, size_t centre,
                             size_t frames, float* out) {
    const size_t first = centre == 0 ? 1 : 0;
    const size_t last = centre + 1 < positions ? 2 : 1;
    MatMul<Bias::row, true>(conv.tap(first), conv.outputs, conv.outputs,
                            in + (centre + first - 1) * conv.inputs * kSileroBatch, kSileroBatch,
                            RoundUp(frames, kCols), (last - first + 1) * conv.inputs, conv.bias.data(), out);
}

HWY_INLINE void Spectra(const SileroVad::Weights& weights, SileroActivations& x, size_t frames) {
    const FrameTag d;
    FftScratch<FrameTag, 4> scratch;
    for (size_t position = 0; position < 4; ++position) {
        for (size_t first = 0; first < frames; first += kFrameLanes) {
            const float* from = x.samples.data() + position * 128 * kSileroBatch + first;
            float* to = x.spectrum.data() + position * kSileroBins * kSileroBatch + first;
            PowerSpectrum(
                d, weights.fft, scratch,
                [&](size_t n) HWY_ATTR {
                    return hn::Mul(hn::Load(d, from + n * kSileroBatch), hn::Set(d, weights.window[n]));
                },
                [&](size_t bin, FrameVec power)
                    HWY_ATTR { hn::Store(hn::Sqrt(power), d, to + bin * kSileroBatch); });
        }
    }
}

void SileroEncode(const SileroVad::Weights& w, SileroActivations& x, size_t frames) {
    Spectra(w, x, frames);
    for (size_t i = 0; i < 4; ++i) {
        ConvPosition(w.conv1, x.spectrum.data(), 4, i, frames, x.conv1.data() + i * 128 * kSileroBatch);
    }
    for (size_t i = 0; i < 2; ++i) {  // stride 2
        ConvPosition(w.conv2, x.conv1.data(), 4, 2 * i, frames, x.conv2.data() + i * 64 * kSileroBatch);
    }
    ConvPosition(w.conv3, x.conv2.data(), 2, 0, frames, x.conv3.data());  // stride 2
    ConvPosition(w.conv4, x.conv3.data(), 1, 0, frames, x.conv4.data());
    MatMul<Bias::column, false>(x.conv4.data(), kSileroBatch, RoundUp(frames, kRows), w.lstm_input.data(),
                                kSileroGates, kSileroGates, kSileroState, w.lstm_bias.data(), x.gates.data());
}

HWY_INLINE FrameVec Sigmoid(FrameVec x) {
    const FrameTag d;
    const FrameVec exponent = hn::Min(hn::Mul(x, hn::Set(d, -1.44269504F)), hn::Set(d, 126.0F));
    return hn::Div(hn::Set(d, 1.0F), hn::Add(hn::Set(d, 1.0F), simd::HWY_NAMESPACE::Exp2(d, exponent)));
}
HWY_INLINE FrameVec Tanh(FrameVec x) {
    const FrameTag d;
    return hn::MulAdd(hn::Set(d, 2.0F), Sigmoid(hn::Add(x, x)), hn::Set(d, -1.0F));
}

/// gates[j] = from[j] + Σk hidden[k]·W[k][j].
HWY_INLINE void AddRecurrent(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT hidden,
                             const float* HWY_RESTRICT from, float* HWY_RESTRICT gates) {
    const FrameTag d;
    constexpr size_t kVectors = 8;
    constexpr size_t kWidth = kVectors * kFrameLanes;
    static_assert(kGateBlock % kWidth == 0);
    for (size_t block = 0; block < kSileroGates; block += kGateBlock) {
        for (size_t inside = 0; inside < kGateBlock; inside += kWidth) {
            const float* w = weights + block * kSileroState + inside;
            FrameVec sum[kVectors];
            for (size_t v = 0; v < kVectors; ++v)
                sum[v] = hn::LoadU(d, from + block + inside + v * kFrameLanes);
            for (size_t k = 0; k < kSileroState; ++k) {
                const FrameVec h = hn::Set(d, hidden[k]);
                for (size_t v = 0; v < kVectors; ++v) {
                    sum[v] = hn::MulAdd(h, hn::Load(d, w + k * kGateBlock + v * kFrameLanes), sum[v]);
                }
            }
            for (size_t v = 0; v < kVectors; ++v)
                hn::Store(sum[v], d, gates + block + inside + v * kFrameLanes);
        }
    }
}

void SileroRecur(const SileroVad::Weights& w, const float* gates, SileroMemory& memory,
                 std::span<float> probabilities) {
    const FrameTag d;
    HWY_ALIGN_MAX float sums[kSileroGates];
    for (size_t frame = 0; frame < probabilities.size(); ++frame) {
        AddRecurrent(w.lstm_recurrent.data(), memory.hidden, gates + frame * kSileroGates, sums);
        FrameVec logit = hn::Zero(d);
        for (size_t i = 0; i < kSileroState; i += kFrameLanes) {
            const FrameVec input = Sigmoid(hn::Load(d, sums + i));
            const FrameVec forget = Sigmoid(hn::Load(d, sums + kSileroState + i));
            const FrameVec candidate = Tanh(hn::Load(d, sums + 2 * kSileroState + i));
            const FrameVec output = Sigmoid(hn::Load(d, sums + 3 * kSileroState + i));
            const FrameVec cell = hn::MulAdd(forget, hn::Load(d, memory.cell + i), hn::Mul(input, candidate));
            const FrameVec hidden = hn::Mul(output, Tanh(cell));
            hn::Store(cell, d, memory.cell + i);
            hn::Store(hidden, d, memory.hidden + i);
            logit = hn::MulAdd(hn::Max(hidden, hn::Zero(d)), hn::Load(d, w.out_weights.data() + i), logit);
        }
        const float total = hn::GetLane(hn::SumOfLanes(d, logit)) + w.out_bias;
        probabilities[frame] = 1.0F / (1.0F + std::exp(-total));
    }
}

}  // namespace npuscribe::audio::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::audio {

HWY_EXPORT(SileroEncode);
HWY_EXPORT(SileroRecur);

void silero_encode(const SileroVad::Weights& weights, SileroActivations& activations, size_t frames) {
    simd::init_isa();
    HWY_DYNAMIC_DISPATCH(SileroEncode)(weights, activations, frames);
}

void silero_recur(const SileroVad::Weights& weights, const float* gates, SileroMemory& memory,
                  std::span<float> probabilities) {
    simd::init_isa();
    HWY_DYNAMIC_DISPATCH(SileroRecur)(weights, gates, memory, probabilities);
}

}  // namespace npuscribe::audio
#endif
