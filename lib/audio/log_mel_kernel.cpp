#include "audio/log_mel_kernel.h"

#include <algorithm>

#include "audio/log_mel.h"
#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "audio/log_mel_kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "audio/fft-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::audio::HWY_NAMESPACE {

constexpr float kSmallest = 1e-10F;
constexpr float kLogOfSmallest = -10.0F;
constexpr size_t kMostMels = 128;

float LogMelBlock(const MelPlan& plan, const float* tile, size_t frames, MatrixView<float> out) {
    const DoubleFrameTag d;
    const hn::Rebind<float, DoubleFrameTag> narrow;
    constexpr size_t kLanes = hn::MaxLanes(DoubleFrameTag());
    FftScratch<DoubleFrameTag, 5> scratch;
    HWY_ALIGN_MAX double power[RealFftTables<5, double>::kBins * kLanes];
    HWY_ALIGN_MAX float logs[kMostMels * kLanes];
    const size_t n_mels = plan.bands.size();
    auto largest = hn::Set(narrow, kLogOfSmallest);

    for (size_t first = 0; first < frames; first += kLanes) {
        PowerSpectrum(
            d, plan.fft, scratch,
            [&](size_t n) HWY_ATTR {
                const float* at = tile + n % kHopLength * kTileColumns + n / kHopLength + first;
                return hn::Mul(hn::PromoteTo(d, hn::LoadU(narrow, at)), hn::Set(d, plan.window[n]));
            },
            [&](size_t bin, hn::Vec<DoubleFrameTag> value)
                HWY_ATTR { hn::Store(value, d, power + bin * kLanes); });

        // Lanes beyond the last frame hold other samples: they must not raise the maximum.
        const auto valid = hn::FirstN(narrow, frames - first);
        for (size_t band = 0; band < n_mels; ++band) {
            const MelBand& filter = plan.bands[band];
            const double* from = power + filter.first_bin * kLanes;
            auto sum = hn::Zero(d);
            for (size_t i = 0; i < filter.weights.size(); ++i) {
                const auto weight = hn::Set(d, static_cast<double>(filter.weights[i]));
                sum = hn::MulAdd(hn::Load(d, from + i * kLanes), weight, sum);
            }
            const auto clamped = hn::Max(hn::DemoteTo(narrow, sum), hn::Set(narrow, kSmallest));
            const auto log = hn::Log10(narrow, clamped);
            largest = hn::Max(largest, hn::IfThenElse(valid, log, largest));
            hn::Store(log, narrow, logs + band * kLanes);
        }
        const size_t rows = out.rows > first ? std::min(out.rows - first, kLanes) : 0;
        for (size_t r = 0; r < rows; ++r) {
            float* row = out.row(first + r);
            for (size_t band = 0; band < n_mels; ++band) row[band] = logs[band * kLanes + r];
        }
    }
    return hn::GetLane(hn::MaxOfLanes(narrow, largest));
}

void CompressLogMel(float* x, size_t count, float floor) {
    const hn::ScalableTag<float> d;
    const size_t lanes = hn::Lanes(d);
    const auto quarter = hn::Set(d, 0.25F);
    const auto one = hn::Set(d, 1.0F);
    const auto smallest = hn::Set(d, floor);
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        hn::StoreU(hn::MulAdd(hn::Max(hn::LoadU(d, x + i), smallest), quarter, one), d, x + i);
    }
    for (; i < count; ++i) x[i] = std::max(x[i], floor) * 0.25F + 1.0F;
}

}  // namespace npuscribe::audio::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::audio {

HWY_EXPORT(LogMelBlock);
HWY_EXPORT(CompressLogMel);

float log_mel_block(const MelPlan& plan, const float* tile, size_t frames, MatrixView<float> out) {
    simd::init_isa();
    return HWY_DYNAMIC_DISPATCH(LogMelBlock)(plan, tile, frames, out);
}

void compress_log_mel(float* x, size_t count, float floor) {
    simd::init_isa();
    HWY_DYNAMIC_DISPATCH(CompressLogMel)(x, count, floor);
}

}  // namespace npuscribe::audio
#endif
