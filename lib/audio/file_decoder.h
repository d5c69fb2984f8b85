#pragma once
// One audio file, decoded to interleaved floats at its own rate. Inside lib/audio only.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/input_file.h"

namespace npuscribe::audio {

struct Format {
    int sample_rate = 0;
    int channels = 0;
    std::string name;                // "FLAC"
    std::optional<double> duration;  // seconds, where stated
};

class FileDecoder {
  public:
    virtual ~FileDecoder() = default;
    virtual const Format& format() const = 0;
    /// Replaces `block` with the next frames, interleaved; leaves it empty at the end. Throws InputError at a
    /// break, after everything before it has been given.
    virtual void read(std::vector<float>& block) = 0;
    /// Makes this frame the next one to be read. False where the format does not allow that exactly, or there
    /// is no such frame: nothing has changed then.
    virtual bool seek(int64_t) { return false; }
};

/// Throws InputError, saying why, where libsndfile cannot read it. `file` must outlive the result.
std::unique_ptr<FileDecoder> open_with_libsndfile(const InputFile& file);

/// The same with FFmpeg's libraries. Only where built with NPUSCRIBE_HAVE_LIBAV.
std::unique_ptr<FileDecoder> open_with_libav(const InputFile& file);

/// "12.34 s": how messages name a time in a file.
std::string seconds_text(double seconds);

/// "libsndfile-1.2.0", "libavformat 59.27.100": the libraries this process runs with.
std::string sndfile_version();
std::string libav_version();

}  // namespace npuscribe::audio
