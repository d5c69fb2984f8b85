#pragma once
// Stretches of speech to windows of limited length: which samples of the file each one holds.

#include <cstdint>
#include <vector>

#include "audio/speech_segments.h"
#include "audio/vad.h"

namespace npuscribe::audio {

/// Samples [begin, end) of the file.
struct FileRange {
    int64_t begin = 0;
    int64_t end = 0;
    bool operator==(const FileRange&) const = default;
};

class SpeechPacker {
  public:
    /// No window is longer than `max_samples`.
    SpeechPacker(const VadOptions& options, size_t max_samples);

    /// The next segment, after all before it and no longer than a window without its padding. Appends the
    /// windows that are complete with that, each as its ranges in order.
    void add(const SpeechSegment& segment, std::vector<std::vector<FileRange>>& out);
    /// The file ends at sample `length`.
    void finish(int64_t length, std::vector<std::vector<FileRange>>& out);
    /// Samples that windows to come may need, where no segment but those added begins before `next_begin`.
    /// The last range has no end.
    std::vector<FileRange> needed(int64_t next_begin) const;

  private:
    std::vector<FileRange> ranges(size_t count, int64_t next_begin) const;
    size_t best_count() const;
    void emit(size_t count, int64_t next_begin, std::vector<std::vector<FileRange>>& out);

    int64_t window_;  // its greatest length
    int64_t padding_;
    int64_t max_pause_;
    int64_t last_end_ = 0;  // of the last segment that was emitted
    bool none_emitted_ = true;
    std::vector<SpeechSegment> pending_;
};

}  // namespace npuscribe::audio
