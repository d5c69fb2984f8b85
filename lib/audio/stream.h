#pragma once
// Any audio file, or standard input, as a stream of 16 kHz mono f32. Nothing here holds a whole file.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace npuscribe::audio {

inline constexpr int kSampleRate = 16000;  // Whisper's

class Stream {
  public:
    virtual ~Stream() = default;
    /// Fills up to `out.size()` samples (16 kHz, mono, f32, nominally within ±1); returns how many, 0 at the end.
    /// Throws InputError where the file breaks off or is damaged in the middle.
    virtual size_t read(std::span<float> out) = 0;
    /// Seconds, where the container tells; for progress only.
    virtual std::optional<double> duration() const = 0;
    /// "FLAC, 16000 Hz, 1 channel", for people.
    virtual std::string description() const = 0;
};

/// Opens a regular file, or standard input for "-" (read to a temporary file only where the format needs to seek).
/// libsndfile first, libav where built in. Throws InputError: missing, a directory, empty, not audio, absurd header.
std::unique_ptr<Stream> open(const std::filesystem::path& path);

/// A stream over samples already in memory (16 kHz mono), for library users and tests. Copies nothing: `samples` must
/// outlive the stream.
std::unique_ptr<Stream> open_samples(std::span<const float> samples);

/// True for a file name extension that `open` can usually read: how a directory is searched.
bool is_audio_file_name(const std::filesystem::path& path);

}  // namespace npuscribe::audio
