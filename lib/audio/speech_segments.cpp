#include "audio/speech_segments.h"

#include <algorithm>

#include "audio/stream.h"

namespace npuscribe::audio {
namespace {

constexpr int64_t kSamplesPerMs = kSampleRate / 1000;
constexpr int64_t kCutPauseMs = 98;  // faster-whisper's
constexpr int64_t kCutSearchMs = 5000;

}  // namespace

SpeechSegmenter::SpeechSegmenter(const VadOptions& options, size_t frame_samples, size_t max_samples)
    : frame_samples_(static_cast<int64_t>(frame_samples)),
      threshold_(options.threshold),
      end_threshold_(options.end_threshold()),
      min_speech_(options.min_speech_ms * kSamplesPerMs),
      min_silence_(options.min_silence_ms * kSamplesPerMs),
      max_frames_((static_cast<int64_t>(max_samples) - 2 * options.speech_pad_ms * kSamplesPerMs) /
                  frame_samples_),
      cut_pause_((kCutPauseMs * kSamplesPerMs + frame_samples_ - 1) / frame_samples_),
      cut_search_(kCutSearchMs * kSamplesPerMs / frame_samples_) {}

int64_t SpeechSegmenter::earliest_begin() const {
    return speaking_ ? begin_ : frame_ * frame_samples_;
}

void SpeechSegmenter::end_segment(int64_t end, std::vector<SpeechSegment>& out) {
    const SpeechSegment segment{begin_, end};
    // After a cut in the middle of the frame in which the quiet begins, nothing is left of the segment.
    if (segment.length() > (cut_ ? 0 : min_speech_)) out.push_back(segment);
    speaking_ = false;
    cut_ = false;
    quiet_since_ = -1;
    pauses_.clear();
    probabilities_.clear();
}

void SpeechSegmenter::push(float probability, std::vector<SpeechSegment>& out) {
    const int64_t now = frame_++;
    if (!speaking_) {
        if (probability < threshold_) return;
        speaking_ = true;
        begin_ = now * frame_samples_;
        probabilities_.push_back(probability);
        return;
    }
    if (static_cast<int64_t>(probabilities_.size()) >= max_frames_) {
        cut_long_speech(out);
        if (!speaking_) {
            --frame_;
            push(probability, out);
            return;
        }
    }
    probabilities_.push_back(probability);
    if (probability >= threshold_ && quiet_since_ >= 0) {
        if (now - quiet_since_ >= cut_pause_) pauses_.push_back({quiet_since_, now});
        quiet_since_ = -1;
    }
    if (probability < end_threshold_) {
        if (quiet_since_ < 0) quiet_since_ = now;
        if ((now - quiet_since_) * frame_samples_ >= min_silence_)
            end_segment(quiet_since_ * frame_samples_, out);
    }
}

void SpeechSegmenter::finish(int64_t length, std::vector<SpeechSegment>& out) {
    if (!speaking_) return;
    end_segment(std::min(length, quiet_since_ >= 0 ? quiet_since_ * frame_samples_ : length), out);
}

/// The longest pause in the last third (the later of equals), else the last pause, else null.
const SpeechSegmenter::Pause* SpeechSegmenter::best_pause() const {
    const Pause* best = nullptr;
    const int64_t last_third = frame_ - 1 - max_frames_ / 3;
    for (const Pause& pause : pauses_) {
        const bool longer = best == nullptr || pause.end - pause.begin >= best->end - best->begin;
        if (longer || best->begin < last_third) best = &pause;
    }
    return best;
}

int64_t SpeechSegmenter::least_likely_frame() const {
    const int64_t count = static_cast<int64_t>(probabilities_.size());
    const auto from = probabilities_.begin() + std::max<int64_t>(count / 2, count - cut_search_);
    return frame_ - 1 - count + (std::min_element(from, probabilities_.end()) - probabilities_.begin());
}

/// Called when the open segment has its greatest length: ends it at a pause, or else in a weak frame, and
/// opens the next one there.
void SpeechSegmenter::cut_long_speech(std::vector<SpeechSegment>& out) {
    const int64_t now = frame_ - 1;  // not in probabilities_ yet
    if (quiet_since_ >= 0 && now - quiet_since_ >= cut_pause_) {
        end_segment(quiet_since_ * frame_samples_, out);
        return;
    }
    int64_t end = 0;
    int64_t next_begin = 0;
    int64_t next_frame = 0;
    if (const Pause* pause = best_pause()) {
        end = pause->begin * frame_samples_;
        next_begin = pause->end * frame_samples_;
        next_frame = pause->end;
    } else {
        next_frame = least_likely_frame();
        end = next_begin = next_frame * frame_samples_ + frame_samples_ / 2;
    }
    out.push_back({begin_, end});
    probabilities_.erase(probabilities_.begin(), probabilities_.end() - (now - next_frame));
    std::erase_if(pauses_, [&](const Pause& pause) { return pause.begin < next_frame; });
    if (quiet_since_ < next_frame) quiet_since_ = -1;
    begin_ = next_begin;
    cut_ = true;
}

}  // namespace npuscribe::audio
