#include "audio/stream.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <numeric>
#include <vector>

#include "audio/channel_mixer.h"
#include "audio/file_decoder.h"
#include "audio/forward_decoder.h"
#include "audio/piped_stream.h"
#include "audio/resampler.h"
#include "audio/url_input.h"
#include "base/error.h"
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

constexpr int kLowestRate = 1000;
constexpr int kHighestRate = 768000;
constexpr int kMostChannels = 64;
// Integers stored as floats are below it; what a damaged file decodes to often is not.
constexpr float kLargestSample = 1e6F;

void check_format(const Format& format, const std::string& name) {
    if (format.sample_rate < kLowestRate || format.sample_rate > kHighestRate) {
        throw InputError(fmt::format("{} claims a sample rate of {} Hz; {} to {} Hz can be read", name,
                                     format.sample_rate, kLowestRate, kHighestRate));
    }
    if (format.channels < 1 || format.channels > kMostChannels) {
        throw InputError(
            fmt::format("{} claims {} channels; 1 to {} can be read", name, format.channels, kMostChannels));
    }
}

/// Replaces the frames in `block` by their channel `channel`.
void pick(std::vector<float>& block, size_t channels, size_t channel) {
    const size_t frames = block.size() / channels;
    for (size_t i = 0; i < frames; ++i) block[i] = block[i * channels + channel];
    block.resize(frames);
}

std::string channel_text(size_t channel, int channels) {
    if (channels == 2) return channel == 0 ? "left" : "right";
    return fmt::to_string(channel + 1);
}

std::string channels_text(const Format& format) {
    return fmt::format("{} {}", format.channels, format.channels == 1 ? "channel" : "channels");
}

/// FileDecoder → one channel → 16 kHz.
class DecodedStream final : public Stream {
  public:
    DecodedStream(std::shared_ptr<InputFile> file, const OpenOptions& options)
        : file_(std::move(file)), channel_(options.channel) {
        decoder_ = open_decoder(*file_);
        const Format& format = decoder_->format();
        check_format(format, file_->name());
        if (options.wanted_channels != 0 && format.channels != options.wanted_channels) {
            throw InputError(
                fmt::format("{} has {}, and {} are needed, because speakers are told apart by channel: one "
                            "on the left, one on the right; to transcribe it without speakers, leave out "
                            "--channel split or --diarize",
                            file_->name(), channels_text(format), options.wanted_channels));
        }
        if (channel_ < OpenOptions::kMix || channel_ >= format.channels) {
            throw InputError(
                fmt::format("{} has no channel {}: it has {}", file_->name(), channel_ + 1, format.channels));
        }
        if (format.sample_rate != kSampleRate) resampler_.emplace(format.sample_rate, kSampleRate);
        if (channel_ == OpenOptions::kMix && format.channels > 1)
            mixer_.emplace(format.channels, format.sample_rate);
        // Decode the first block here, so that most bad files fail when they are opened, not later.
        fill();
        if (block_.empty()) {
            if (broken_) std::rethrow_exception(broken_);
            throw InputError(fmt::format("{} holds no audio: no samples follow its header", file_->name()));
        }
    }

    size_t read(std::span<float> out) override {
        size_t done = 0;
        while (done < out.size()) {
            if (position_ == block_.size() && !at_end_) fill();
            const std::span<const float> in = std::span<const float>(block_).subspan(position_);
            size_t given = 0;
            if (resampler_) {
                const auto progress = resampler_->process(in, out.subspan(done));
                position_ += progress.taken;
                given = progress.given;
            } else {
                given = std::min(in.size(), out.size() - done);
                std::copy_n(in.begin(), given, out.begin() + static_cast<ptrdiff_t>(done));
                position_ += given;
            }
            done += given;
            if (at_end_ && given == 0) break;
        }
        given_ += static_cast<int64_t>(done);
        if (done == 0 && broken_ && !out.empty()) std::rethrow_exception(broken_);
        return done;
    }

    int64_t skip(int64_t samples) override {
        constexpr int64_t kWorthSeeking = 2 * kSampleRate;
        if (samples < kWorthSeeking || !seek(samples)) return Stream::skip(samples);
        return samples;
    }

    std::optional<double> duration() const override { return decoder_->format().duration; }

    std::string description() const override {
        const Format& format = decoder_->format();
        return fmt::format("{}, {} Hz, {}", format.name, format.sample_rate, channels_text(format));
    }

    std::string warning() const override {
        const double seconds = mixer_ ? mixer_->cancelled_seconds() : 0;
        if (seconds == 0) return {};
        return fmt::format(
            "its channels cancel each other when they are mixed, as if one were inverted: {} "
            "come from the {} channel alone, which is the loudest",
            seconds_text(seconds), channel_text(mixer_->loudest_channel(), decoder_->format().channels));
    }

  private:
    static std::unique_ptr<FileDecoder> open_decoder(InputFile& file);

    /// Lets the decoder seek to `samples` from here. It goes to a frame half a second earlier, which is a
    /// whole sample of the output, so that a fresh resampler has settled when its output counts.
    bool seek(int64_t samples) {
        if (at_end_) return false;
        const int rate = decoder_->format().sample_rate;
        const int64_t common = std::gcd(rate, kSampleRate);
        const int64_t in_step = rate / common;
        const int64_t out_step = kSampleRate / common;
        const int64_t target = given_ + samples;
        const int64_t steps = (target - (resampler_ ? kSampleRate / 2 : 0)) / out_step;
        if (!decoder_->seek(steps * in_step)) return false;
        if (resampler_) resampler_.emplace(rate, kSampleRate);
        block_.clear();
        position_ = 0;
        frames_ = steps * in_step;
        given_ = steps * out_step;
        const int64_t rest = target - given_;
        if (Stream::skip(rest) != rest)
            throw InputError(fmt::format("{} ends before {}", file_->name(),
                                         seconds_text(static_cast<double>(target) / kSampleRate)));
        return true;
    }

    /// Reads the next block as one channel. Sets `at_end_`, and `broken_` at a break.
    void fill() {
        position_ = 0;
        block_.clear();
        const auto channels = static_cast<size_t>(decoder_->format().channels);
        const size_t wanted = mixer_ ? mixer_->good_frames() * channels : 1;
        bool more = true;
        try {
            while (more && block_.size() < wanted) {
                decoder_->read(decoded_);
                more = !decoded_.empty();
                if (block_.empty()) {
                    block_.swap(decoded_);
                } else {
                    block_.insert(block_.end(), decoded_.begin(), decoded_.end());
                }
            }
        } catch (const InputError&) {
            broken_ = std::current_exception();
        }
        try {
            if (mixer_) {
                mixer_->mix(block_);
            } else if (channels > 1) {
                pick(block_, channels, static_cast<size_t>(std::max(channel_, 0)));
            }
            check_samples();
            frames_ += static_cast<int64_t>(block_.size());
        } catch (const InputError&) {
            broken_ = std::current_exception();
        }
        at_end_ = block_.empty() || broken_;
    }

    /// Throws at the first sample that cannot be sound, and keeps those before it.
    void check_samples() {
        const auto bad = std::find_if(block_.begin(), block_.end(),
                                      [](float sample) { return !(std::abs(sample) <= kLargestSample); });
        if (bad == block_.end()) return;
        const auto at = bad - block_.begin();
        const double second = static_cast<double>(frames_ + at) / decoder_->format().sample_rate;
        const char* what = std::isfinite(*bad) ? "larger than any sound" : "not a finite number";
        block_.resize(static_cast<size_t>(at));
        frames_ += at;
        throw InputError(fmt::format("{} has a sample that is {} at {}: it is damaged, or not audio",
                                     file_->name(), what, seconds_text(second)));
    }

    std::shared_ptr<InputFile> file_;
    int channel_;
    std::unique_ptr<FileDecoder> decoder_;
    std::optional<Resampler> resampler_;
    std::optional<ChannelMixer> mixer_;
    std::vector<float> decoded_;  // as the decoder gave it
    std::vector<float> block_;    // one channel, at the file's rate
    size_t position_ = 0;         // samples of block_ that were read
    int64_t frames_ = 0;          // decoded so far
    int64_t given_ = 0;           // samples read from this stream
    bool at_end_ = false;
    std::exception_ptr broken_;
};

#ifdef NPUSCRIBE_HAVE_LIBAV
/// libsndfile's mp3 decoder prints warnings on standard error, so FFmpeg's goes first for mp3.
bool looks_like_mp3(const InputFile& file) {
    std::array<unsigned char, 3> head{};
    if (file.read_at(head.data(), head.size(), 0) != static_cast<int64_t>(head.size())) return false;
    const bool tag = head[0] == 'I' && head[1] == 'D' && head[2] == '3';
    return tag || (head[0] == 0xFF && (head[1] & 0xE0) == 0xE0);
}

/// A wav header that was never completed states 0 samples, and libsndfile believes it.
bool claims_nothing(const FileDecoder& decoder, const InputFile& file) {
    constexpr int64_t kLongestHeader = 4096;
    return decoder.format().duration == 0.0 && file.size() > kLongestHeader;
}
#endif

std::unique_ptr<FileDecoder> DecodedStream::open_decoder(InputFile& file) {
    if (file.forward()) {
        if (auto decoder = open_forward(file)) return decoder;
        file.wait_for_end();
    }
#ifdef NPUSCRIBE_HAVE_LIBAV
    if (looks_like_mp3(file)) {
        try {
            return open_with_libav(file);
        } catch (const InputError&) {
            return open_with_libsndfile(file);
        }
    }
    try {
        auto decoder = open_with_libsndfile(file);
        if (!claims_nothing(*decoder, file)) return decoder;
    } catch (const InputError& first) {
        try {
            return open_with_libav(file);
        } catch (const InputError& second) {
            // libsndfile's reason tells more, unless it merely does not know the format.
            const bool unknown = std::string(first.what()).find("not recognised") != std::string::npos;
            throw InputError(unknown ? second : first);
        }
    }
    return open_with_libav(file);
#else
    return open_with_libsndfile(file);
#endif
}

std::unique_ptr<Stream> open_recording(const std::shared_ptr<InputFile>& file, const OpenOptions& options) {
    if (file->pipe() == nullptr) return std::make_unique<DecodedStream>(file, options);
    const auto reader = file->another_reader();
    return piped_stream(
        reader, [=] { return std::make_unique<DecodedStream>(reader, options); }, options.cancel);
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
    return open_recording(file_, options);
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
