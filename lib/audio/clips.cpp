#include "audio/clips.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "audio/file_decoder.h"
#include "audio/window.h"
#include "base/error.h"
#include "base/stopwatch.h"

namespace npuscribe::audio {
namespace {

constexpr int64_t kEndOfFile = std::numeric_limits<int64_t>::max();

int64_t sample_at(double seconds) {
    constexpr double kLongest = 1e9;  // 30 years: a longer time might not fit an int64_t
    return std::llround(std::min(seconds, kLongest) * kSampleRate);
}

double in_seconds(int64_t samples) {
    return static_cast<double>(samples) / kSampleRate;
}

/// The next `length` samples of another stream, as a stream of their own.
class ClipStream final : public Stream {
  public:
    /// Adds the number of samples that it reads from `whole` to `position`.
    ClipStream(Stream& whole, int64_t length, int64_t& position)
        : whole_(whole), left_(length), position_(position) {}

    size_t read(std::span<float> out) override {
        const auto most = static_cast<size_t>(std::min<int64_t>(left_, static_cast<int64_t>(out.size())));
        if (most == 0) return 0;
        const size_t count = whole_.read(out.first(most));
        left_ -= static_cast<int64_t>(count);
        position_ += static_cast<int64_t>(count);
        return count;
    }
    bool wait() override { return left_ == 0 || whole_.wait(); }
    std::optional<double> duration() const override { return std::nullopt; }
    std::string description() const override { return whole_.description(); }

  private:
    Stream& whole_;
    int64_t left_;
    int64_t& position_;
};

class ClipWindows final : public Windows {
  public:
    ClipWindows(Stream& stream, std::vector<Clip> clips, std::function<std::unique_ptr<Windows>(Stream&)> cut)
        : stream_(stream), clips_(std::move(clips)), cut_(std::move(cut)) {
        begin_clip();
    }

    std::optional<Window> next() override {
        while (true) {
            go_to_start();
            if (auto window = windows_->next()) {
                for (Piece& piece : window->pieces) piece.in_file += start_;
                return window;
            }
            if (next_clip_ == clips_.size()) break;
            add_clip();
            begin_clip();
        }
        if (samples_read() == 0) {
            throw InputError(fmt::format("there is nothing to transcribe from {} on: the audio ends at {}",
                                         seconds_text(clips_.front().start),
                                         seconds_text(in_seconds(position_))));
        }
        return std::nullopt;
    }

    void resume_at(int64_t sample) override { windows_->resume_at(sample - start_); }
    bool sequential() const override { return windows_->sequential(); }
    int64_t samples_read() const override { return before_.samples + windows_->samples_read(); }
    double decode_seconds() const override { return before_.decode + windows_->decode_seconds(); }
    double vad_seconds() const override { return before_.vad + windows_->vad_seconds(); }
    int64_t speech_samples() const override { return before_.speech + windows_->speech_samples(); }
    float peak() const override { return std::max(before_.peak, windows_->peak()); }
    int64_t samples_held() const override { return windows_->samples_held(); }

  private:
    /// Makes the next clip's windows. Reads nothing yet.
    void begin_clip() {
        const Clip& clip = clips_[next_clip_++];
        start_ = sample_at(clip.start);
        const int64_t end = clip.end ? sample_at(*clip.end) : kEndOfFile;
        clip_ = std::make_unique<ClipStream>(stream_, end - start_, position_);
        windows_ = cut_(*clip_);
    }

    /// Skips the samples before the clip, unless that has been done.
    void go_to_start() {
        if (position_ >= start_) return;
        const AddTime time(before_.decode);
        position_ += stream_.skip(start_ - position_);
    }

    void add_clip() {
        before_.samples += windows_->samples_read();
        before_.speech += windows_->speech_samples();
        before_.decode += windows_->decode_seconds();
        before_.vad += windows_->vad_seconds();
        before_.peak = std::max(before_.peak, windows_->peak());
    }

    struct Sums {
        int64_t samples = 0;
        int64_t speech = 0;
        double decode = 0;
        double vad = 0;
        float peak = 0;
    };

    Stream& stream_;
    const std::vector<Clip> clips_;
    const std::function<std::unique_ptr<Windows>(Stream&)> cut_;
    size_t next_clip_ = 0;
    int64_t start_ = 0;     // first sample of the current clip in the file
    int64_t position_ = 0;  // next sample of the stream
    Sums before_;           // of earlier clips (peak: the largest)
    std::unique_ptr<ClipStream> clip_;
    std::unique_ptr<Windows> windows_;
};

}  // namespace

void check_clips(const std::vector<Clip>& clips) {
    const auto described = [](const Clip& clip) {
        return fmt::format("{} to {}", seconds_text(clip.start),
                           clip.end ? seconds_text(*clip.end) : "the end");
    };
    for (size_t i = 0; i < clips.size(); ++i) {
        const Clip& clip = clips[i];
        if (!(clip.start >= 0) || (clip.end && !(*clip.end > clip.start)))
            throw UsageError(
                fmt::format("the clip from {} has no length; give an end after its start", described(clip)));
        if (i == 0) continue;
        const Clip& before = clips[i - 1];
        if (!before.end || clip.start < *before.end) {
            throw UsageError(
                fmt::format("the clip from {} begins before the one from {} has ended; give clips in order",
                            described(clip), described(before)));
        }
    }
}

double seconds_of_clips(const std::vector<Clip>& clips, double file_seconds) {
    if (clips.empty()) return file_seconds;
    double sum = 0;
    for (const Clip& clip : clips) {
        const double end = clip.end ? std::min(*clip.end, file_seconds) : file_seconds;
        sum += std::max(0.0, end - clip.start);
    }
    return sum;
}

double file_seconds_of_clips(const std::vector<Clip>& clips, double clip_seconds) {
    double left = clip_seconds;
    for (const Clip& clip : clips) {
        if (!clip.end || clip.start + left <= *clip.end) return clip.start + left;
        left -= *clip.end - clip.start;
    }
    return clips.empty() ? clip_seconds : *clips.back().end;
}

std::unique_ptr<Windows> clip_windows(Stream& stream, std::vector<Clip> clips,
                                      std::function<std::unique_ptr<Windows>(Stream&)> cut) {
    return std::make_unique<ClipWindows>(stream, std::move(clips), std::move(cut));
}

}  // namespace npuscribe::audio
