#include "audio/stream.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "audio/decoded_stream.h"
#include "audio/file_decoder.h"
#include "audio/ogg_pages.h"
#include "base/text.h"

namespace npuscribe::audio {

int64_t Stream::skip(int64_t samples) {
    constexpr int64_t kBlock = kSampleRate;
    std::vector<float> block;
    int64_t done = 0;
    while (done < samples) {
        block.resize(static_cast<size_t>(std::min(samples - done, kBlock)));
        const size_t count = read(block);
        if (count == 0) break;
        done += static_cast<int64_t>(count);
    }
    return done;
}

namespace {

class MemoryStream final : public Stream {
  public:
    explicit MemoryStream(std::span<const float> samples) : samples_(samples) {}

    size_t read(std::span<float> out) override {
        const size_t count = std::min(out.size(), samples_.size() - position_);
        std::copy_n(samples_.begin() + static_cast<ptrdiff_t>(position_), count, out.begin());
        position_ += count;
        return count;
    }
    std::optional<double> duration() const override {
        return static_cast<double>(samples_.size()) / kSampleRate;
    }
    std::string description() const override { return "samples in memory"; }

  private:
    std::span<const float> samples_;
    size_t position_ = 0;
};

}  // namespace

Recording::Recording(const std::filesystem::path& path) : file_(std::make_shared<InputFile>(path)) {}

std::unique_ptr<Stream> Recording::open(const OpenOptions& options) const {
    return read_ogg_pages(*file_).links.size() > 1 ? open_chained(file_, options)
                                                   : open_decoded(file_, options);
}

std::unique_ptr<Stream> open(const std::filesystem::path& path, const OpenOptions& options) {
    return Recording(path).open(options);
}

std::unique_ptr<Stream> open_samples(std::span<const float> samples) {
    return std::make_unique<MemoryStream>(samples);
}

std::string library_versions() {
#ifdef NPUSCRIBE_HAVE_LIBAV
    return sndfile_version() + ", " + libav_version();
#else
    return sndfile_version();
#endif
}

bool is_audio_file_name(const std::filesystem::path& path) {
    const std::string extension = to_lower(path.extension().string());
    static constexpr std::array kSndfile = {".wav",  ".wave", ".flac", ".ogg",  ".oga",
                                            ".opus", ".mp3",  ".aif",  ".aiff", ".aifc",
                                            ".au",   ".snd",  ".caf",  ".w64",  ".rf64"};
    const auto is = [&](const char* known) { return extension == known; };
    if (std::any_of(kSndfile.begin(), kSndfile.end(), is)) return true;
#ifdef NPUSCRIBE_HAVE_LIBAV
    static constexpr std::array kLibav = {".m4a", ".m4b", ".mp4", ".m4v", ".mov", ".webm", ".mkv",
                                          ".mka", ".aac", ".wma", ".wmv", ".avi", ".flv",  ".3gp",
                                          ".ts",  ".mts", ".amr", ".ac3", ".mpg", ".mpeg"};
    return std::any_of(kLibav.begin(), kLibav.end(), is);
#else
    return false;
#endif
}

}  // namespace npuscribe::audio
