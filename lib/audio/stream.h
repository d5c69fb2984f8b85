#pragma once
// Any audio file, or standard input, as a stream of 16 kHz mono f32. Nothing here holds a whole file.

#include <cstddef>
#include <cstdint>
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
    /// Fills up to `out.size()` samples (16 kHz, mono, f32, nominally within ±1); returns how many, 0 at the
    /// end. Throws InputError where the file breaks off or is damaged in the middle.
    virtual size_t read(std::span<float> out) = 0;
    /// Goes over so many samples; returns how many there were. The next `read` gives the sample after them.
    /// Without decoding them, where the format allows to go straight to a sample: damage in what is skipped
    /// is then not seen.
    virtual int64_t skip(int64_t samples);
    /// Seconds, where the container tells; for progress only.
    virtual std::optional<double> duration() const = 0;
    /// "FLAC, 16000 Hz, 1 channel", for people.
    virtual std::string description() const = 0;
};

/// Which channel of a file becomes the one that is transcribed.
struct OpenOptions {
    static constexpr int kMix = -1;
    int channel = kMix;       // kMix: the mean of all channels; else 0 (left), 1 (right) …
    int wanted_channels = 0;  // not 0: what the file must have, for its channels are transcribed apart
};

/// Opens a regular file, a pipe, or standard input for "-". Decoders seek, so what comes through a pipe is
/// first copied to an unlinked file in $TMPDIR. libsndfile first, libav where built in. A header that claims
/// more samples than follow (wav written to a pipe) is read as far as it goes. Throws InputError: missing,
/// not permitted, a directory, empty, not audio, no samples, absurd header, no such channel.
///
/// `Stream::read` then gives everything before a break, and throws at the break, naming the second: the file
/// ends before its header says (FLAC, mp3, mp4), a packet is damaged, or a sample is NaN, infinite or beyond
/// ±1e6. A damaged sample is refused rather than replaced: it says that the rest of the file is not audio
/// either.
std::unique_ptr<Stream> open(const std::filesystem::path& path, const OpenOptions& options = {});

/// "libsndfile-1.2.0, libavformat 59.27.100": what reads files, as this process runs with it.
std::string library_versions();

class InputFile;

/// A file that can be opened more than once, each stream with a place of its own: also one that came through
/// a pipe. As `open` otherwise.
class Recording {
  public:
    explicit Recording(const std::filesystem::path& path);
    std::unique_ptr<Stream> open(const OpenOptions& options = {}) const;

  private:
    std::shared_ptr<const InputFile> file_;
};

/// A stream over samples already in memory (16 kHz mono), for library users and tests. Copies nothing:
/// `samples` must outlive the stream.
std::unique_ptr<Stream> open_samples(std::span<const float> samples);

/// True for a file name extension that `open` can usually read: how a directory is searched.
bool is_audio_file_name(const std::filesystem::path& path);

}  // namespace npuscribe::audio
