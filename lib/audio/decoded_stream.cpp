#include "audio/decoded_stream.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <exception>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audio/channel_mixer.h"
#include "audio/decoder_choice.h"
#include "audio/file_decoder.h"
#include "audio/resampler.h"
#include "base/error.h"

namespace npuscribe::audio {
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

/// FileDecoder → one channel → 16 kHz. A file has parts where it has a hole, or changes its format: each part
/// has a resampler of its own.
class DecodedStream final : public Stream {
  public:
    DecodedStream(std::shared_ptr<const InputFile> file, std::unique_ptr<FileDecoder> decoder,
                  const OpenOptions& options)
        : file_(std::move(file)), options_(options), decoder_(std::move(decoder)) {
        take_format();
        start_resampler();
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
            if (position_ == block_.size() && !at_end_ && !joint_) fill();
            const size_t given = give(out.subspan(done));
            done += given;
            given_ += static_cast<int64_t>(given);
            if (at_end_ && given == 0 && !joint_ && zeros_ == 0) break;
        }
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

    std::vector<std::string> warnings() const override {
        std::vector<std::string> out;
        if (!track_note_.empty()) out.push_back(track_note_);
        if (const double seconds = mixer_ ? mixer_->cancelled_seconds() : 0; seconds > 0)
            out.push_back(
                fmt::format("its channels cancel each other when they are mixed, as if one were inverted: {} "
                            "come from the {} channel alone, which is the loudest",
                            seconds_text(seconds), channel_text(mixer_->loudest_channel(), channels_)));
        return out;
    }

  private:
    /// Takes over the decoder's format, and refuses it if it is absurd or not what was asked for.
    void take_format() {
        const Format& format = decoder_->format();
        check_format(format, file_->name());
        if (options_.wanted_channels != 0 && format.channels != options_.wanted_channels) {
            throw InputError(
                fmt::format("{} has {}, and {} are needed, because speakers are told apart by channel: one "
                            "on the left, one on the right; to transcribe it without speakers, leave out "
                            "--channel split or --diarize",
                            file_->name(), channels_text(format), options_.wanted_channels));
        }
        if (options_.channel < OpenOptions::kMix || options_.channel >= format.channels) {
            throw InputError(fmt::format("{} has no channel {}: it has {}", file_->name(),
                                         options_.channel + 1, format.channels));
        }
        rate_ = format.sample_rate;
        channels_ = format.channels;
        track_note_ = format.track_note;
        mixer_.reset();
        if (options_.channel == OpenOptions::kMix && channels_ > 1) mixer_.emplace(channels_, rate_);
    }

    void start_resampler() {
        resampler_.reset();
        if (rate_ != kSampleRate) resampler_.emplace(rate_, kSampleRate);
    }

    /// Writes what there is without reading a block: the end of the part before, silence, or the block.
    size_t give(std::span<float> out) {
        if (joint_) {
            const size_t rest = resampler_ ? resampler_->process({}, out).given : 0;
            if (rest > 0) return rest;
            joint_ = false;
            zeros_ = std::max<int64_t>(0, part_begin() - given_);
            start_resampler();
        }
        if (zeros_ > 0) {
            const auto count = static_cast<size_t>(std::min(zeros_, static_cast<int64_t>(out.size())));
            std::fill_n(out.begin(), count, 0.0F);
            zeros_ -= static_cast<int64_t>(count);
            return count;
        }
        const std::span<const float> in = std::span<const float>(block_).subspan(position_);
        if (resampler_) {
            const auto progress = resampler_->process(in, out);
            position_ += progress.taken;
            return progress.given;
        }
        const size_t count = std::min(in.size(), out.size());
        std::copy_n(in.begin(), count, out.begin());
        position_ += count;
        return count;
    }

    /// The sample of the stream at which the current part begins.
    int64_t part_begin() const { return std::llround(part_seconds_ * kSampleRate); }

    double second() const { return part_seconds_ + static_cast<double>(frames_) / rate_; }

    /// Lets the decoder seek to `samples` from here. It goes to a frame half a second earlier, which is a
    /// whole sample of the output, so that a fresh resampler has settled when its output counts.
    bool seek(int64_t samples) {
        if (at_end_ || part_seconds_ > 0) return false;
        const int64_t common = std::gcd(rate_, kSampleRate);
        const int64_t in_step = rate_ / common;
        const int64_t out_step = kSampleRate / common;
        const int64_t target = given_ + samples;
        const int64_t steps = (target - (resampler_ ? kSampleRate / 2 : 0)) / out_step;
        if (!decoder_->seek(steps * in_step)) return false;
        start_resampler();
        block_.clear();
        held_ = false;
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
        try {
            while (block_.size() < wanted() && read_decoded()) {
                const Format& format = decoder_->format();
                const double silence = decoder_->silence_before();
                const bool other = format.sample_rate != rate_ || format.channels != channels_;
                if (silence > 0 || other) {
                    held_ = !block_.empty();
                    if (held_) break;
                    begin_part(silence, other);
                }
                block_.insert(block_.end(), decoded_.begin(), decoded_.end());
            }
            if (decoded_.empty()) check_reads(*file_, second() + unread_seconds());
        } catch (const InputError&) {
            broken_ = std::current_exception();
        }
        try {
            if (mixer_) {
                mixer_->mix(block_);
            } else if (channels_ > 1) {
                pick(block_, static_cast<size_t>(channels_),
                     static_cast<size_t>(std::max(options_.channel, 0)));
            }
            check_samples();
            frames_ += static_cast<int64_t>(block_.size());
        } catch (const InputError&) {
            broken_ = std::current_exception();
        }
        at_end_ = block_.empty() || broken_;
    }

    /// Of the block, which is not counted yet.
    double unread_seconds() const { return static_cast<double>(block_.size()) / channels_ / rate_; }

    size_t wanted() const { return mixer_ ? mixer_->good_frames() * static_cast<size_t>(channels_) : 1; }

    /// Reads a block, unless one is held back. False at the end.
    bool read_decoded() {
        if (!std::exchange(held_, false)) decoder_->read(decoded_);
        return !decoded_.empty();
    }

    void begin_part(double silence, bool other_format) {
        part_seconds_ = second() + silence;
        frames_ = 0;
        joint_ = true;
        if (other_format) take_format();
    }

    /// Throws at the first sample that cannot be sound, and keeps those before it.
    void check_samples() {
        const auto bad = std::find_if(block_.begin(), block_.end(),
                                      [](float sample) { return !(std::abs(sample) <= kLargestSample); });
        if (bad == block_.end()) return;
        const auto at = bad - block_.begin();
        const char* what = std::isfinite(*bad) ? "larger than any sound" : "not a finite number";
        block_.resize(static_cast<size_t>(at));
        frames_ += at;
        throw InputError(fmt::format("{} has a sample that is {} at {}: it is damaged, or not audio",
                                     file_->name(), what, seconds_text(second())));
    }

    std::shared_ptr<const InputFile> file_;
    const OpenOptions options_;
    std::unique_ptr<FileDecoder> decoder_;
    int rate_ = 0;  // of the current part
    int channels_ = 0;
    std::string track_note_;
    std::optional<Resampler> resampler_;
    std::optional<ChannelMixer> mixer_;
    std::vector<float> decoded_;  // as the decoder gave it
    bool held_ = false;           // decoded_ belongs to the next part, and was not used yet
    std::vector<float> block_;    // one channel, at the file's rate
    size_t position_ = 0;         // samples of block_ that were read
    double part_seconds_ = 0;     // when the current part begins
    int64_t frames_ = 0;          // decoded of it
    bool joint_ = false;  // block_ begins a part, and the one before may have samples in the resampler
    int64_t zeros_ = 0;   // samples of silence that come before the rest of block_
    int64_t given_ = 0;   // samples read from this stream
    bool at_end_ = false;
    std::exception_ptr broken_;
};

}  // namespace

std::unique_ptr<Stream> open_decoded(std::shared_ptr<const InputFile> file, const OpenOptions& options) {
    auto decoder = open_decoder(*file, options.track);
    return open_decoded(std::move(file), std::move(decoder), options);
}

std::unique_ptr<Stream> open_decoded(std::shared_ptr<const InputFile> file,
                                     std::unique_ptr<FileDecoder> decoder, const OpenOptions& options) {
    return std::make_unique<DecodedStream>(std::move(file), std::move(decoder), options);
}

}  // namespace npuscribe::audio
