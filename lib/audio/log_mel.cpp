#include "audio/log_mel.h"

#include <fmt/format.h>
#include <algorithm>
#include <stdexcept>

#include "audio/log_mel_kernel.h"
#include "audio/stream.h"
#include "base/buffer.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr size_t kWindow = kFramesPerWindow * kHopLength;  // samples: 30 s
constexpr size_t kPad = kFftLength / 2;                    // a frame is centred on its hop
constexpr float kDynamicRange = 8.0F;                      // decades of power
constexpr float kSilence = -10.0F;                         // log10 of the smallest power

/// Sample `index` of the padded window, which begins kPad samples before the clip: reflected at both ends,
/// zero after the clip.
float padded(std::span<const float> samples, size_t index) {
    size_t i = index >= kPad ? index - kPad : kPad - index;
    if (i >= kWindow) i = 2 * (kWindow - 1) - i;
    return i < samples.size() ? samples[i] : 0.0F;
}

/// The samples of kMelBlock frames from `first_frame` on, in log_mel_block's layout.
void fill_tile(std::span<const float> samples, size_t first_frame, float* tile) {
    constexpr size_t kColumns = kMelBlock + 2;
    for (size_t column = 0; column < kColumns; ++column) {
        const size_t begin = (first_frame + column) * kHopLength;
        const bool inside = begin >= kPad && begin - kPad + kHopLength <= samples.size();
        if (inside) {
            const float* from = samples.data() + (begin - kPad);
            for (size_t row = 0; row < kHopLength; ++row) tile[row * kTileColumns + column] = from[row];
        } else if (begin >= kPad + kWindow + kPad) {
            for (size_t row = 0; row < kHopLength; ++row) tile[row * kTileColumns + column] = 0.0F;
        } else {
            for (size_t row = 0; row < kHopLength; ++row) {
                tile[row * kTileColumns + column] = padded(samples, begin + row);
            }
        }
    }
}

/// Frames that touch the clip; all later ones are silence.
size_t frames_touching(size_t n_samples) {
    if (n_samples == 0) return 0;
    return std::min(kFramesPerWindow, (n_samples + kPad - 1) / kHopLength + 1);
}

}  // namespace

struct LogMel::Tables {
    MelPlan plan;
};

LogMel::LogMel(size_t n_mels) : tables_(std::make_unique<Tables>()) {
    if (n_mels != 80 && n_mels != 128) {
        throw ModelError(
            fmt::format("the model has {} mel bands, but a Whisper model has 80 or 128", n_mels));
    }
    tables_->plan.bands = mel_filters(n_mels, kFftLength, kSampleRate);
}
LogMel::~LogMel() = default;
LogMel::LogMel(LogMel&&) noexcept = default;
LogMel& LogMel::operator=(LogMel&&) noexcept = default;

size_t LogMel::n_mels() const {
    return tables_->plan.bands.size();
}

void LogMel::compute(std::span<const float> samples, MatrixView<float> out) const {
    if (samples.size() > kWindow) throw std::invalid_argument("LogMel: more than 30 s of samples");
    if (out.rows > kFramesPerWindow || out.cols != n_mels()) {
        throw std::invalid_argument("LogMel: the output is not [at most 3000 x n_mels]");
    }
    Buffer<float> tile(kHopLength * kTileColumns);
    const size_t touched = frames_touching(samples.size());
    // Starting with silence is right even if no silence follows the clip: it cannot be the maximum.
    float largest = kSilence;
    for (size_t first = 0; first < touched; first += kMelBlock) {
        const size_t frames = std::min(kMelBlock, touched - first);
        const size_t rows = out.rows > first ? std::min(out.rows - first, frames) : 0;
        fill_tile(samples, first, tile.data());
        const MatrixView<float> block{out.data + first * out.stride, rows, out.cols, out.stride};
        largest = std::max(largest, log_mel_block(tables_->plan, tile.data(), frames, block));
    }
    const float floor = largest - kDynamicRange;
    for (size_t r = 0; r < out.rows; ++r) {
        if (r < touched) {
            compress_log_mel(out.row(r), out.cols, floor);
        } else {
            std::fill_n(out.row(r), out.cols, (std::max(kSilence, floor) + 4.0F) / 4.0F);
        }
    }
}

}  // namespace npuscribe::audio
