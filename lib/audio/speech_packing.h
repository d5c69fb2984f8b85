#pragma once
// Packs speech segments into windows of limited length: which samples of the file each window holds.

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

    /// Takes the next segment, in the order of the file and no longer than a window without its padding.
    /// Appends to `out` the windows that are now complete, each as its ranges in order.
    void add(const SpeechSegment& segment, std::vector<std::vector<FileRange>>& out);
    /// The file ends at sample `length`: appends the last window.
    void finish(int64_t length, std::vector<std::vector<FileRange>>& out);
    /// The same at sample `length` of a stream that goes on there. Nothing of this window comes again.
    void flush(int64_t length, std::vector<std::vector<FileRange>>& out);
    /// Samples from the beginning of the first segment that is in no window yet to the end of the last one.
    int64_t pending_samples() const;
    /// Where the last segment ended.
    int64_t last_end() const { return pending_.empty() ? last_end_ : pending_.back().end; }
    /// The samples that later windows may need, if no further segment begins before `next_begin`. The last
    /// range has no end.
    std::vector<FileRange> needed(int64_t next_begin) const;

  private:
    std::vector<FileRange> ranges(size_t count, int64_t next_begin) const;
    size_t best_count() const;
    void emit(size_t count, int64_t next_begin, std::vector<std::vector<FileRange>>& out);

    int64_t window_;  // greatest length, in samples
    int64_t padding_;
    int64_t max_pause_;
    int64_t last_end_ = 0;  // where the last emitted segment ends
    bool none_emitted_ = true;
    std::vector<SpeechSegment> pending_;
};

}  // namespace npuscribe::audio
