#pragma once
// Turns probabilities of speech into speech segments, with Silero's hysteresis as in faster-whisper's
// get_speech_timestamps.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "audio/vad.h"

namespace npuscribe::audio {

/// Samples [begin, end) of the file, without padding.
struct SpeechSegment {
    int64_t begin = 0;
    int64_t end = 0;
    int64_t length() const { return end - begin; }
    bool operator==(const SpeechSegment&) const = default;
};

class SpeechSegmenter {
  public:
    /// Frames have `frame_samples` samples. No segment is longer than `max_samples` less its padding.
    SpeechSegmenter(const VadOptions& options, size_t frame_samples, size_t max_samples);

    /// Takes the probability of the next frame. Appends to `out` the segments that ended.
    void push(float probability, std::vector<SpeechSegment>& out);
    /// The file ends at sample `length`: ends the open segment.
    void finish(int64_t length, std::vector<SpeechSegment>& out);
    /// No later segment begins before this sample.
    int64_t earliest_begin() const;

  private:
    /// Frames [begin, end) of the file.
    struct Pause {
        int64_t begin = 0;
        int64_t end = 0;
    };
    void end_segment(int64_t end, std::vector<SpeechSegment>& out);
    void cut_long_speech(std::vector<SpeechSegment>& out);
    const Pause* best_pause() const;
    int64_t least_likely_frame() const;

    int64_t frame_samples_;
    float threshold_;
    float end_threshold_;
    int64_t min_speech_;   // samples
    int64_t min_silence_;  // samples
    int64_t max_frames_;   // of one segment, so that it fits a window with its padding
    int64_t cut_pause_;    // frames of a pause that may end a segment of the greatest length
    int64_t cut_search_;   // frames at the segment's end in which it is cut if it has no pause

    int64_t frame_ = 0;          // the next one
    bool speaking_ = false;      // a segment is open
    int64_t begin_ = 0;          // of the open segment, a sample
    bool cut_ = false;           // the open segment began at a cut, so it is not a click, however short
    int64_t quiet_since_ = -1;   // the frame from which the open segment has been silent, or -1
    std::vector<Pause> pauses_;  // those of the open segment that are long enough to cut at
    std::vector<float> probabilities_;  // of the open segment's frames
};

}  // namespace npuscribe::audio
