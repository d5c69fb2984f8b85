#include <sndfile.h>

#include <fmt/format.h>
#include <algorithm>
#include <cstdio>

#include "audio/file_decoder.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr sf_count_t kUnknownLength = SF_COUNT_MAX;
constexpr size_t kBlockSamples = size_t{1} << 15;
constexpr sf_count_t kClaimedByPipes = 0x7FFF0000 / 8;  // samples, of 8 bytes at most

struct Close {
    void operator()(SNDFILE* file) const { sf_close(file); }
};

/// libsndfile's name for the container, without its remark in brackets. For Ogg, the codec's name: people
/// know Opus and Vorbis.
std::string format_name(int format) {
    const int container = format & SF_FORMAT_TYPEMASK;
    if (container == SF_FORMAT_MPEG) return "MP3";
    SF_FORMAT_INFO info{};
    info.format = container == SF_FORMAT_OGG ? format & SF_FORMAT_SUBMASK : container;
    if (sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof info) != 0 || info.name == nullptr)
        return "audio";
    const std::string name = info.name;
    return name.substr(0, name.find(" ("));
}

/// What libsndfile reads from: a file descriptor with a position of our own, so that several decoders can
/// share the descriptor.
struct Source {
    const InputFile* file = nullptr;
    sf_count_t position = 0;
    bool parts = false;  // a read may return less than was asked for, so that it does not wait for a pipe
};

sf_count_t source_size(void* source) {
    return static_cast<Source*>(source)->file->size();
}

sf_count_t source_seek(sf_count_t offset, int whence, void* opaque) {
    auto& source = *static_cast<Source*>(opaque);
    sf_count_t base = 0;
    if (whence == SEEK_CUR) base = source.position;
    if (whence == SEEK_END) base = source.file->size();
    if (offset > SF_COUNT_MAX - base || base + offset < 0) return -1;
    return source.position = base + offset;
}

sf_count_t source_read(void* buffer, sf_count_t count, void* opaque) {
    auto& source = *static_cast<Source*>(opaque);
    sf_count_t done = 0;
    while (done < count) {
        const int64_t more =
            source.file->read_at(static_cast<char*>(buffer) + done, count - done, source.position + done);
        if (more <= 0) break;
        done += more;
        if (source.parts) break;
    }
    source.position += done;
    return done;
}

sf_count_t source_tell(void* source) {
    return static_cast<Source*>(source)->position;
}

class SndfileDecoder final : public FileDecoder {
  public:
    explicit SndfileDecoder(const InputFile& file) : name_(file.name()), source_{&file, 0, false} {
        SF_INFO info{};
        SF_VIRTUAL_IO io = {source_size, source_seek, source_read, nullptr, source_tell};
        file_.reset(sf_open_virtual(&io, SFM_READ, &info, &source_));
        if (!file_) {
            std::string why = sf_strerror(nullptr);
            if (!why.empty() && why.back() == '.') why.pop_back();
            throw InputError(fmt::format("{} is not readable audio: {}", name_, why));
        }
        frames_ = info.frames;
        const int container = info.format & SF_FORMAT_TYPEMASK;
        source_.parts = container == SF_FORMAT_FLAC;
        // The header of what is written to a pipe claims the greatest length that it can.
        if (file.forward() && frames_ >= kClaimedByPipes / std::max(1, info.channels))
            frames_ = kUnknownLength;
        exact_ = info.seekable != 0 && frames_ != kUnknownLength && container != SF_FORMAT_MPEG &&
                 container != SF_FORMAT_OGG;
        format_.sample_rate = info.samplerate;
        format_.channels = info.channels;
        format_.name = format_name(info.format);
        if (frames_ != kUnknownLength && info.samplerate > 0) {
            format_.duration = static_cast<double>(frames_) / info.samplerate;
        }
    }

    const Format& format() const override { return format_; }

    void read(std::vector<float>& block) override {
        const auto channels = static_cast<size_t>(format_.channels);
        // What has come through a pipe is not to wait for more than a tenth of a second.
        const size_t most =
            source_.file->forward() ? static_cast<size_t>(format_.sample_rate) / 10 : SIZE_MAX;
        const size_t frames = std::clamp<size_t>(kBlockSamples / channels, 1, std::max<size_t>(1, most));
        block.resize(frames * channels);
        const sf_count_t count = sf_readf_float(file_.get(), block.data(), static_cast<sf_count_t>(frames));
        block.resize(static_cast<size_t>(std::max<sf_count_t>(count, 0)) * channels);
        read_ += std::max<sf_count_t>(count, 0);
        if (count <= 0) check_end();
    }

    bool seek(int64_t frame) override {
        // Exact seeking is impossible in mp3 (frames borrow bits from those before them, and the index may be
        // an estimate) and in libsndfile's Opus (it starts a little off).
        if (!exact_ || frame >= frames_) return false;
        if (sf_seek(file_.get(), frame, SEEK_SET) == frame) {
            read_ = frame;
            return true;
        }
        if (sf_seek(file_.get(), read_, SEEK_SET) != read_)
            throw InputError(fmt::format("{} is damaged: it cannot be read from {} on", name_,
                                         seconds_text(static_cast<double>(frame) / format_.sample_rate)));
        return false;
    }

  private:
    void check_end() const {
        const double second = static_cast<double>(read_) / format_.sample_rate;
        if (sf_error(file_.get()) != SF_ERR_NO_ERROR) {
            throw InputError(fmt::format("{} is damaged at {}", name_, seconds_text(second)));
        }
        const bool knows = frames_ != kUnknownLength;
        if (knows && second + kLeastMissing <= format_.duration.value_or(0)) {
            throw InputError(fmt::format("{} breaks off at {}: its header promises {}", name_,
                                         seconds_text(second), seconds_text(*format_.duration)));
        }
        // libsndfile counts the samples that there are, not those that the header promises.
        check_file_end(*source_.file, second);
    }

    std::string name_;
    Source source_;
    std::unique_ptr<SNDFILE, Close> file_;
    Format format_;
    sf_count_t frames_ = 0;
    sf_count_t read_ = 0;
    bool exact_ = false;  // seeks exactly to the frame asked for
};

}  // namespace

std::unique_ptr<FileDecoder> open_with_libsndfile(const InputFile& file) {
    return std::make_unique<SndfileDecoder>(file);
}

std::string sndfile_version() {
    return sf_version_string();
}

}  // namespace npuscribe::audio
