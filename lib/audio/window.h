#pragma once
// A stream cut into windows of at most 30 s, either where people pause (voice activity) or one after the
// other as OpenAI's sequential algorithm asks for them. Window times map back to file times exactly.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "audio/stream.h"
#include "audio/vad.h"

namespace npuscribe::audio {

inline constexpr size_t kWindowSeconds = 30;
inline constexpr size_t kWindowSamples = kWindowSeconds * kSampleRate;

/// `length` samples of the window from `in_window` on are those of the file from `in_file` on.
struct Piece {
    int64_t in_window = 0;
    int64_t in_file = 0;
    int64_t length = 0;
};

/// At most kWindowSamples samples. Pieces are in order, cover the window, and never overlap in the file.
struct Window {
    std::vector<float> samples;
    std::vector<Piece> pieces;

    double seconds() const { return static_cast<double>(samples.size()) / kSampleRate; }
    /// Seconds in the window to seconds in the file. A time on the border of two pieces belongs to the
    /// earlier one where `end_of_something` (a segment that ends there), to the later one otherwise. Clamped
    /// to the window.
    double file_seconds(double window_seconds, bool end_of_something) const;
    /// The window from this sample of it on, as a window of its own. `sample` is inside the window.
    Window from(int64_t sample) const;
};

class Windows {
  public:
    virtual ~Windows() = default;
    /// The next window, or nothing at the end. Sequential windows: only after `resume_at` for the one before.
    virtual std::optional<Window> next() = 0;
    /// Sequential windows only: the next one starts at this sample of the file.
    virtual void resume_at(int64_t sample) = 0;
    /// True where `next` depends on `resume_at`.
    virtual bool sequential() const = 0;
    /// Samples of the file consumed so far (all of them, once `next` has returned nothing).
    virtual int64_t samples_read() const = 0;
    /// Wall-clock seconds inside decoding (and resampling) and inside voice activity detection.
    virtual double decode_seconds() const = 0;
    virtual double vad_seconds() const = 0;
    /// Samples that voice activity took for speech (all samples, for sequential windows).
    virtual int64_t speech_samples() const = 0;
    /// Samples in memory now: about a minute at the most, however long the file is.
    virtual int64_t samples_held() const = 0;
};

/// Cut at pauses: speech is packed into windows; long silences are left out. A window ends at the longest
/// pause in its last third, if it cannot hold the next speech segment; speech of 30 s without one pause is
/// cut where it is least likely speech. `stream` and `vad` must outlive the result. Throws UsageError for
/// options that make no sense. No window is longer than `max_samples`, at most kWindowSamples: less where the
/// encoder's context is cut.
///
/// Where the stream breaks, `next` first gives the windows before the break, then throws the stream's
/// InputError.
std::unique_ptr<Windows> speech_windows(Stream& stream, const VadModel& vad, const VadOptions& options,
                                        size_t max_samples = kWindowSamples);

/// OpenAI's sequential long form: 30 s from wherever the last one ended, no voice activity. `resume_at` must
/// not go back before the start of the last window, and defaults to its end. Less than one mel frame (10 ms)
/// at the end of the file is no window. A break in the stream as above.
std::unique_ptr<Windows> sequential_windows(Stream& stream, size_t max_samples = kWindowSamples);

}  // namespace npuscribe::audio
