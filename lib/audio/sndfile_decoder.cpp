#include <fcntl.h>
#include <sndfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "audio/decoder.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr sf_count_t kUnknownLength = SF_COUNT_MAX;
constexpr size_t kBlockSamples = size_t{1} << 15;

struct Close {
    void operator()(SNDFILE* file) const { sf_close(file); }
};

/// libsndfile's own name without what it adds in brackets; the codec's for Ogg, where it is what people know.
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

class SndfileDecoder final : public Decoder {
  public:
    explicit SndfileDecoder(const InputFile& file) : name_(file.name()) {
        // A descriptor of its own: libsndfile closes the one it is given when it refuses a file.
        const int descriptor = fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 3);
        if (descriptor < 0) throw InputError("cannot open " + name_ + " again: " + std::strerror(errno));
        lseek(descriptor, 0, SEEK_SET);
        SF_INFO info{};
        file_.reset(sf_open_fd(descriptor, SFM_READ, &info, SF_TRUE));
        if (!file_) {
            std::string why = sf_strerror(nullptr);
            if (!why.empty() && why.back() == '.') why.pop_back();
            throw InputError(name_ + " is not readable audio: " + why);
        }
        frames_ = info.frames;
        mpeg_ = (info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG;
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
        const size_t frames = std::max<size_t>(1, kBlockSamples / channels);
        block.resize(frames * channels);
        const sf_count_t count = sf_readf_float(file_.get(), block.data(), static_cast<sf_count_t>(frames));
        block.resize(static_cast<size_t>(std::max<sf_count_t>(count, 0)) * channels);
        read_ += std::max<sf_count_t>(count, 0);
        if (count <= 0) check_end();
    }

  private:
    void check_end() const {
        const double second = static_cast<double>(read_) / format_.sample_rate;
        if (sf_error(file_.get()) != SF_ERR_NO_ERROR) {
            throw InputError(name_ + " is damaged at " + seconds_text(second));
        }
        if (frames_ == kUnknownLength) return;
        // The length of an mp3 may be an estimate.
        const sf_count_t tolerance = mpeg_ ? format_.sample_rate : 0;
        if (read_ + tolerance < frames_) {
            throw InputError(name_ + " breaks off at " + seconds_text(second) + ": its header promises " +
                             seconds_text(*format_.duration));
        }
    }

    std::string name_;
    std::unique_ptr<SNDFILE, Close> file_;
    Format format_;
    sf_count_t frames_ = 0;
    sf_count_t read_ = 0;
    bool mpeg_ = false;
};

}  // namespace

std::unique_ptr<Decoder> open_with_libsndfile(const InputFile& file) {
    return std::make_unique<SndfileDecoder>(file);
}

std::string sndfile_version() {
    return sf_version_string();
}

}  // namespace npuscribe::audio
