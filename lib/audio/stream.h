#pragma once
// Any audio file, or standard input, as a stream of 16 kHz mono f32. Nothing here holds a whole file in
// memory.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace npuscribe::audio {

inline constexpr int kSampleRate = 16000;  // Whisper's

/// A pipe that gives nothing for this long counts as a pause.
inline constexpr std::chrono::milliseconds kPipePause{2000};

class Stream {
  public:
    virtual ~Stream() = default;
    /// Writes up to `out.size()` samples (16 kHz, mono, f32, nominally within ±1) and returns how many: 0 at
    /// the end. Throws InputError if the file breaks off or is damaged here.
    virtual size_t read(std::span<float> out) = 0;
    /// Waits until `read` has something to give at once. Returns false, once for each silence, if nothing has
    /// come through a pipe for kPipePause: what was said before is over. Sound in a file is always there.
    virtual bool wait() { return true; }
    /// Skips up to `samples` samples and returns how many there were. If the format allows to seek to a
    /// sample, those before it are not decoded, and damage in them is not noticed.
    virtual int64_t skip(int64_t samples);
    /// Seconds, if the container states them. For progress only.
    virtual std::optional<double> duration() const = 0;
    /// "FLAC, 16000 Hz, 1 channel", for people.
    virtual std::string description() const = 0;
    /// What a listener should know of the audio read so far, as sentences that begin with "its".
    virtual std::vector<std::string> warnings() const { return {}; }
};

/// Which channel of a file becomes the one that is transcribed.
struct OpenOptions {
    static constexpr int kMix = -1;
    int channel = kMix;       // kMix: the mean of all channels, or the loudest where they cancel each other
                              // (channel_mixer.h); else 0 (left), 1 (right) …
    int wanted_channels = 0;  // not 0: the channels that the file must have, to be transcribed apart
    std::string track = {};   // of several audio tracks: its number from 1, or the code of its language;
                              // empty: the one that the file marks as its main one, or the best
    /// If it is not null and becomes true, waiting for a pipe or an address ends with Cancelled. It must
    /// outlive the stream.
    const std::atomic<bool>* cancel = nullptr;
};

/// Opens a regular file, a pipe, standard input for "-", or what an address that begins with http:// or
/// https:// answers with, once it has been copied to an unlinked file in $TMPDIR. A pipe is copied to an
/// unlinked file in $TMPDIR, and decoded as it comes if its format allows that (forward_decoder.h), else once
/// all of it is there. Which library reads what is said in decoder_choice.h; if one fails, another is tried.
/// All parts of a chained Ogg file are read. Where a container's time stamps have a hole, or the audio begins
/// late, the stream has silence. A wav file that was written to a pipe may claim more samples than follow: it
/// is read to its end. Throws InputError if the file is missing, may not be read, is a directory or empty, is
/// not audio, holds no samples, has an absurd header or lacks the channel or the track.
///
/// `Stream::read` then returns everything that can be decoded, and throws at its end, with the time, if there
/// was a break: if the file ends a second or more before its header says, a packet is damaged, or a sample is
/// NaN, infinite or beyond ±1e6. Nothing is read after such a sample, because it shows that the rest of the
/// file is not audio either.
std::unique_ptr<Stream> open(const std::filesystem::path& path, const OpenOptions& options = {});

/// "libsndfile-1.2.0, libavformat 59.27.100": the libraries that read files in this process.
std::string library_versions();

class InputFile;

/// A file, or a pipe's content, that can be opened more than once: each stream has its own position.
/// Otherwise like the function `open`.
class Recording {
  public:
    /// `cancel` is that of OpenOptions.
    explicit Recording(const std::filesystem::path& path, const std::atomic<bool>* cancel = nullptr);
    std::unique_ptr<Stream> open(const OpenOptions& options = {}) const;

  private:
    std::shared_ptr<InputFile> file_;
};

/// A stream over samples in memory (16 kHz mono), for users of the library and tests. It copies nothing, so
/// `samples` must outlive the stream.
std::unique_ptr<Stream> open_samples(std::span<const float> samples);

/// True if `open` can usually read files with this extension. Directories are searched by it.
bool is_audio_file_name(const std::filesystem::path& path);

}  // namespace npuscribe::audio
