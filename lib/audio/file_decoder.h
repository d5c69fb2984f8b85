#pragma once
// One audio file, decoded to interleaved floats at its own sample rate. Private to lib/audio.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/input_file.h"

namespace npuscribe::audio {

/// Seconds. A file that is shorter than its header says by less is whole: encoders pad, and headers round.
inline constexpr double kLeastMissing = 1;

struct Format {
    int sample_rate = 0;
    int channels = 0;
    std::string name;                // "FLAC"
    std::optional<double> duration;  // seconds, if the file states it
    std::string track_note;  // which of several audio tracks it is, as a sentence that begins with "its"
};

class FileDecoder {
  public:
    virtual ~FileDecoder() = default;
    /// Of the last block, and of the next one before any was read.
    virtual const Format& format() const = 0;
    /// Replaces `block` with the next frames, interleaved; leaves it empty at the end. Throws InputError if
    /// the file breaks off or is damaged, after it has returned everything that can be decoded.
    virtual void read(std::vector<float>& block) = 0;
    /// Seconds of silence between the last block and the one before it: the file has a hole there.
    virtual double silence_before() const { return 0; }
    /// Makes `frame` the next one that is read. Returns false, and changes nothing, if the format does not
    /// allow that exactly or if there is no such frame.
    virtual bool seek([[maybe_unused]] int64_t frame) { return false; }
};

/// Throws InputError with the reason if libsndfile cannot read the file. `file` must outlive the result.
std::unique_ptr<FileDecoder> open_with_libsndfile(const InputFile& file);

/// The same with FFmpeg's libraries. `track`: the number of the audio track from 1, or the code of its
/// language; empty: the main one. Exists only if built with NPUSCRIBE_HAVE_LIBAV.
std::unique_ptr<FileDecoder> open_with_libav(const InputFile& file, const std::string& track);

/// Throws InputError if a read of the file failed, when its sound ended at `second`.
void check_reads(const InputFile& file, double second);

/// Throws InputError if the file's structure says that there is a second or more of sound beyond its end,
/// when its sound ended at `second`.
void check_file_end(const InputFile& file, double second);

/// "12.34 s": a time in a file, as messages show it.
std::string seconds_text(double seconds);

/// "libsndfile-1.2.0", "libavformat 59.27.100": the libraries this process runs with.
std::string sndfile_version();
std::string libav_version();

}  // namespace npuscribe::audio
