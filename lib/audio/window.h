#pragma once
// A stream cut into windows of at most 30 s: either at pauses (voice activity), or one after the other as
// OpenAI's sequential algorithm asks for them. Times in a window map exactly to times in the file.

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

/// The `length` samples of the window from `in_window` on are those of the file from `in_file` on.
struct Piece {
    int64_t in_window = 0;
    int64_t in_file = 0;
    int64_t length = 0;
};

/// Samples [begin, end) of a window.
struct Range {
    int64_t begin = 0;
    int64_t end = 0;
    bool operator==(const Range&) const = default;
};

/// At most kWindowSamples samples. The pieces are in order, cover the window and do not overlap in the file.
/// Where two pieces meet, voice activity cut a pause out of the file.
struct Window {
    std::vector<float> samples;
    std::vector<Piece> pieces;
    /// Samples without speech that were left on each side of a pause that was cut out.
    int64_t padding = 0;
    /// Where voice activity hears speech, without padding, in order; empty if windows are sequential.
    std::vector<Range> speech = {};

    double seconds() const { return static_cast<double>(samples.size()) / kSampleRate; }

    // Times of the window are in seconds from its start. These functions look at the pieces only, so they can
    // be called after the samples have been dropped.

    /// The piece that something from `start` to `end` belongs to: the one of whose speech it covers most, or,
    /// if it covers none, the one whose speech is nearest.
    size_t piece_of(double start, double end) const;
    /// True if something from `start` to `end` covers speech of more than one piece.
    bool spans_pause(double start, double end) const;
    /// Converts a time of the window to seconds in the file. A time outside the piece becomes the nearest one
    /// inside it.
    double file_seconds(size_t piece, double time) const;
    /// When the piece's speech ends, in seconds in the file. For the last piece, its end.
    double speech_end(size_t piece) const;
    /// A part of the window as a window of its own. The range lies inside the window.
    Window part(Range range) const;
    /// The rest of the window from its sample `sample` on.
    Window from(int64_t sample) const { return part({sample, static_cast<int64_t>(samples.size())}); }
};

class Windows {
  public:
    virtual ~Windows() = default;
    /// The next window, or nothing at the end. For sequential windows, call resume_at for the previous one
    /// first.
    virtual std::optional<Window> next() = 0;
    /// Sequential windows only: the next one starts at this sample of the file.
    virtual void resume_at(int64_t sample) = 0;
    /// True if `next` depends on `resume_at`.
    virtual bool sequential() const = 0;
    /// Samples of the file that were read so far: all, once `next` has returned nothing.
    virtual int64_t samples_read() const = 0;
    /// Wall-clock seconds spent in decoding and resampling, and in voice activity detection.
    virtual double decode_seconds() const = 0;
    virtual double vad_seconds() const = 0;
    /// Samples that voice activity detection took for speech; for sequential windows, all
    /// but those of windows without any sound.
    virtual int64_t speech_samples() const = 0;
    /// The largest absolute value of the samples read so far.
    virtual float peak() const = 0;
    /// Samples in memory now: about a minute at most, however long the file is.
    virtual int64_t samples_held() const = 0;
};

/// Windows cut at pauses. Speech is packed into windows, and long silences are left out. A window that cannot
/// hold the next speech segment ends at the longest pause in its last third; 30 s of speech without a pause
/// are cut at the frame that is least likely speech. No window is longer than `max_samples` (at most
/// kWindowSamples), which is shorter if the encoder's context is cut. `stream` and `vad` must outlive the
/// result. Throws UsageError for options that cannot be used.
///
/// If the stream breaks, `next` first returns the windows before the break, then throws the stream's
/// InputError.
std::unique_ptr<Windows> speech_windows(Stream& stream, const VadModel& vad, const VadOptions& options,
                                        size_t max_samples = kWindowSamples);

/// Windows of OpenAI's sequential long-form algorithm: each begins at the sample given to `resume_at`, by
/// default the end of the one before, and has 30 s. `resume_at` must not go back before the start of the last
/// window. A window without any sound is left out, because Whisper makes words up for digital silence. Less
/// than one mel frame (10 ms) at the end of the file makes no window. A break in the stream: as above.
std::unique_ptr<Windows> sequential_windows(Stream& stream, size_t max_samples = kWindowSamples);

}  // namespace npuscribe::audio
