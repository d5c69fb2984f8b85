// Stream → voice activity → segments → windows. speech_segments.h and speech_packing.h make the two
// decisions.

#include <fmt/format.h>
#include <algorithm>
#include <deque>
#include <stdexcept>

#include "audio/break_aware_reader.h"
#include "audio/sample_store.h"
#include "audio/second_look.h"
#include "audio/speech_level.h"
#include "audio/speech_packing.h"
#include "audio/speech_segments.h"
#include "audio/vad.h"
#include "audio/window.h"

namespace npuscribe::audio {
namespace {

constexpr int kLongestPadMs = 5000;
constexpr size_t kBatchSamples = 32768;  // 2 s: the 64 frames that Silero's network takes at once
constexpr double kLiveWait = 0.5;  // seconds for which a batch waits, if its sound is being recorded now
constexpr int64_t kPause = kSampleRate;  // samples that end a window of sound recorded now
// Decoders keep the end of a pipe that pauses until they see what follows. If nothing does, that is no word.
constexpr int64_t kHeldBack = 3 * kSampleRate / 10;
constexpr int64_t kWorthAWindow = 5 * kSampleRate;  // of speech; after less, the pause is to be twice as long
constexpr size_t kLeastSpeech = kSampleRate;        // samples that a window must hold beside its padding

void check(const VadOptions& options, size_t max_samples) {
    if (!(options.threshold > 0 && options.threshold < 1)) {
        throw UsageError(
            fmt::format("the speech threshold is {}; give a probability between 0 and 1", options.threshold));
    }
    if (options.speech_pad_ms < 0 || options.speech_pad_ms > kLongestPadMs) {
        throw UsageError(fmt::format("the padding of speech is {} ms; give 0 to {} ms", options.speech_pad_ms,
                                     kLongestPadMs));
    }
    if (options.min_speech_ms < 0 || options.min_silence_ms < 0 || options.max_pause_ms < 0 ||
        options.max_pause_ms > static_cast<int>(kWindowSeconds) * 1000) {
        throw UsageError(fmt::format(
            "the least speech is {} ms, the least silence {} ms and the longest pause {} ms; give numbers "
            "that are not negative, and a pause of at most {} ms",
            options.min_speech_ms, options.min_silence_ms, options.max_pause_ms, 1000 * kWindowSeconds));
    }
    const size_t padding = 2 * static_cast<size_t>(options.speech_pad_ms) * kSampleRate / 1000;
    if (max_samples < padding + kLeastSpeech) {
        throw UsageError(
            fmt::format("windows of {} ms have no room for a second of speech with {} ms of padding on each "
                        "side; use a longer audio context, or less padding",
                        max_samples * 1000 / kSampleRate, options.speech_pad_ms));
    }
}

class SpeechWindows final : public Windows {
  public:
    SpeechWindows(Stream& stream, const VadModel& vad, const VadOptions& options, size_t max_samples)
        : reader_(stream),
          detector_(vad, options),
          segmenter_(options, detector_.frame_samples(), max_samples),
          packer_(options, max_samples),
          padding_(int64_t{options.speech_pad_ms} * (kSampleRate / 1000)) {}

    std::optional<Window> next() override {
        while (ready_.empty() && !finished_) advance();
        if (ready_.empty()) {
            reader_.rethrow();
            return std::nullopt;
        }
        Window window = std::move(ready_.front());
        ready_.pop_front();
        return window;
    }

    void resume_at(int64_t) override { throw std::logic_error("speech windows cannot be resumed elsewhere"); }
    bool sequential() const override { return false; }
    int64_t samples_read() const override { return reader_.samples(); }
    double decode_seconds() const override { return reader_.seconds(); }
    float peak() const override { return reader_.peak(); }
    double vad_seconds() const override { return vad_seconds_; }
    int64_t speech_samples() const override { return speech_samples_; }
    int64_t samples_held() const override {
        int64_t held = store_.held();
        for (const Window& window : ready_) held += static_cast<int64_t>(window.samples.size());
        return held;
    }

  private:
    /// Takes in the next batch of frames. It begins with the samples that did not fill a frame before.
    void advance() {
        const size_t frame = detector_.frame_samples();
        batch_.resize(std::max(kBatchSamples / frame, size_t{1}) * frame);
        const size_t count = left_over_ + reader_.read(std::span(batch_).subspan(left_over_));
        store_.append(std::span(batch_).subspan(left_over_, count - left_over_));
        finished_ = reader_.ended();

        const size_t frames = finished_ ? (count + frame - 1) / frame : count / frame;
        std::fill(batch_.begin() + static_cast<ptrdiff_t>(count), batch_.end(), 0.0F);
        probabilities_.resize(frames);
        if (frames > 0) {
            const AddTime time(vad_seconds_);
            detector_.run(std::span(batch_).first(frames * frame), probabilities_);
        }
        left_over_ = finished_ ? 0 : count - frames * frame;
        std::copy_n(batch_.begin() + static_cast<ptrdiff_t>(frames * frame), left_over_, batch_.begin());

        segments_.clear();
        for (const float probability : probabilities_) segmenter_.push(probability, segments_);
        const int64_t heard = store_.end() - static_cast<int64_t>(left_over_);
        if (finished_ || reader_.paused()) segmenter_.finish(heard, segments_);
        if (finished_ && paused_at_ > 0 && store_.end() - paused_at_ < kHeldBack)
            std::erase_if(segments_, [this](const SpeechSegment& s) { return s.begin >= paused_at_; });
        if (reader_.paused()) paused_at_ = heard;

        std::vector<std::vector<FileRange>> windows;
        for (SpeechSegment segment : segments_) {
            segment.end = std::min(segment.end, store_.end());
            speech_samples_ += segment.length();
            heard_.push_back(segment);
            packer_.add(segment, windows);
        }
        if (finished_) packer_.finish(store_.end(), windows);
        if (!finished_ && speech_pauses(heard)) packer_.flush(heard, windows);
        for (const auto& ranges : windows) ready_.push_back(window_of(ranges));
        store_.keep(packer_.needed(segmenter_.earliest_begin()));
    }

    /// True if what was said is to be decoded before a window is full: a pipe gives nothing any more, or it
    /// gives sound about as fast as people speak and nobody speaks now. `heard`: the end of what was listened
    /// to.
    bool speech_pauses(int64_t heard) const {
        if (reader_.paused()) return true;
        const bool live = reader_.waited() > kLiveWait;
        if (!live || segmenter_.earliest_begin() < heard) return false;
        const int64_t pause = heard - packer_.last_end();
        return pause >= (packer_.pending_samples() >= kWorthAWindow ? kPause : 2 * kPause);
    }

    /// Windows come in order, and each holds whole segments.
    Window window_of(const std::vector<FileRange>& ranges) {
        Window window;
        window.padding = padding_;
        for (const FileRange& range : ranges) {
            const auto at = static_cast<int64_t>(window.samples.size());
            store_.copy(range, window.samples);
            window.pieces.push_back({at, range.begin, range.end - range.begin});
            for (; !heard_.empty() && heard_.front().begin < range.end; heard_.pop_front()) {
                const SpeechSegment& segment = heard_.front();
                window.speech.push_back(
                    {at + segment.begin - range.begin, at + std::min(segment.end, range.end) - range.begin});
            }
        }
        level_speech(window);
        return window;
    }

    BreakAwareReader reader_;
    SecondLook detector_;
    SpeechSegmenter segmenter_;
    SpeechPacker packer_;
    int64_t padding_;  // samples
    SampleStore store_;
    std::deque<Window> ready_;
    std::vector<float> batch_;
    std::vector<float> probabilities_;
    std::vector<SpeechSegment> segments_;
    std::deque<SpeechSegment> heard_;  // not in a window yet
    double vad_seconds_ = 0;
    int64_t speech_samples_ = 0;
    size_t left_over_ = 0;   // samples at the beginning of batch_
    int64_t paused_at_ = 0;  // where a pipe last gave nothing; 0: nowhere
    bool finished_ = false;
};

}  // namespace

std::unique_ptr<Windows> speech_windows(Stream& stream, const VadModel& vad, const VadOptions& options,
                                        size_t max_samples) {
    max_samples = std::min(max_samples, kWindowSamples);
    check(options, max_samples);
    return std::make_unique<SpeechWindows>(stream, vad, options, max_samples);
}

}  // namespace npuscribe::audio
