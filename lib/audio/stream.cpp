#include "audio/stream.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "audio/decoded_stream.h"
#include "audio/file_decoder.h"
#include "audio/forward_decoder.h"
#include "audio/ogg_pages.h"
#include "audio/piped_stream.h"
#include "audio/url_input.h"
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

std::unique_ptr<Stream> open_whole(const std::shared_ptr<const InputFile>& file, const OpenOptions& options) {
    std::vector<OggLink> links = read_ogg_pages(*file).links;
    check_reads(*file, 0);
    return links.size() > 1 ? open_chained(file, std::move(links), options) : open_decoded(file, options);
}

std::unique_ptr<Stream> open_pipe(const std::shared_ptr<InputFile>& file, const OpenOptions& options) {
    if (auto decoder = open_forward(*file, options.track))
        return open_decoded(file, std::move(decoder), options);
    file->wait_for_end();
    return open_whole(file, options);
}

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

Recording::Recording(const std::filesystem::path& path, const std::atomic<bool>* cancel)
    : file_(std::make_shared<InputFile>(is_url(path.string()) ? download(path.string(), cancel)
                                                              : InputFile(path, cancel))) {}

std::unique_ptr<Stream> Recording::open(const OpenOptions& options) const {
    if (file_->pipe() == nullptr) return open_whole(file_, options);
    const auto reader = file_->another_reader();
    return piped_stream(
        reader, [=] { return open_pipe(reader, options); }, options.cancel);
}

std::unique_ptr<Stream> open(const std::filesystem::path& path, const OpenOptions& options) {
    return Recording(path, options.cancel).open(options);
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
