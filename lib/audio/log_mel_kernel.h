#pragma once
// The vector kernel behind LogMel, which passes it blocks of frames.

#include <cstddef>
#include <vector>

#include "audio/fft_tables.h"
#include "audio/mel_filters.h"
#include "base/matrix_view.h"

namespace npuscribe::audio {

inline constexpr size_t kMelBlock =
    32;  // frames a call: a multiple of every target's lanes, and the tile fits L1
inline constexpr size_t kTileColumns = kMelBlock + 4;

/// Everything that is the same for all windows. Spectra are computed in double precision: in single
/// precision, the rounding of a loud frame's FFT alone moves its quietest bands by half of the tolerance to
/// OpenAI's.
struct MelPlan {
    RealFftTables<5, double> fft;
    std::array<double, 400> window = hann_window<400, double>();
    std::vector<MelBand> bands;
};

/// Computes log10 of the mel bands, clamped to 1e-10 from below, for the first `frames` (at most kMelBlock)
/// frames of `tile`. Writes the first out.rows of them to `out` [≤ frames × n_mels], and returns the largest
/// value of all. `tile` [160 × kTileColumns] holds sample n of frame f in row n mod 160, column f + n / 160.
float log_mel_block(const MelPlan& plan, const float* tile, size_t frames, MatrixView<float> out);

/// x ← (max(x, floor) + 4) / 4 over `count` values.
void compress_log_mel(float* x, size_t count, float floor);

}  // namespace npuscribe::audio
