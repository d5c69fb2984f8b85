#include "audio/speech_packing.h"

#include <algorithm>
#include <limits>

#include "audio/stream.h"

namespace npuscribe::audio {
namespace {

constexpr int64_t kSamplesPerMs = kSampleRate / 1000;
constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

int64_t total(const std::vector<FileRange>& ranges) {
    int64_t sum = 0;
    for (const FileRange& range : ranges) sum += range.end - range.begin;
    return sum;
}

}  // namespace

SpeechPacker::SpeechPacker(const VadOptions& options, size_t max_samples)
    : window_(static_cast<int64_t>(max_samples)),
      padding_(options.speech_pad_ms * kSamplesPerMs),
      // A pause that the padding fills cannot be shortened.
      max_pause_(std::max(options.max_pause_ms, 2 * options.speech_pad_ms) * kSamplesPerMs) {}

/// The ranges of the first `count` pending segments with their padding, if speech goes on at `next_begin`.
/// Two windows share the pause between them if it is too short for the padding of both.
std::vector<FileRange> SpeechPacker::ranges(size_t count, int64_t next_begin) const {
    std::vector<FileRange> out;
    const SpeechSegment& first = pending_.front();
    const int64_t before = first.begin - last_end_;
    const int64_t room = none_emitted_ ? before : before / 2;
    FileRange open{first.begin - std::min(padding_, room), first.end};
    for (size_t i = 1; i < count; ++i) {
        const SpeechSegment& segment = pending_[i];
        if (segment.begin - open.end > max_pause_) {
            out.push_back({open.begin, open.end + padding_});
            open.begin = segment.begin - padding_;
        }
        open.end = segment.end;
    }
    const int64_t after = next_begin - open.end;
    const int64_t next_padding = std::min(padding_, after / 2);
    open.end += std::min(padding_, after - next_padding);
    out.push_back(open);
    return out;
}

/// How many pending segments, never all, make the next window. It ends at the longest pause in its last third
/// (the later of equals), or with the last segment that fits if there is no such pause.
size_t SpeechPacker::best_count() const {
    size_t best = 0;
    int64_t best_pause = -1;
    for (size_t count = 1; count < pending_.size(); ++count) {
        const int64_t next_begin = pending_[count].begin;
        const int64_t length = total(ranges(count, next_begin));
        if (length > window_) break;
        const bool late = length >= window_ * 2 / 3;
        // All pauses that would be shortened are equally good.
        const int64_t pause = late ? std::min(next_begin - pending_[count - 1].end, max_pause_) : 0;
        if (pause >= best_pause) {
            best = count;
            best_pause = pause;
        }
    }
    return best;
}

void SpeechPacker::emit(size_t count, int64_t next_begin, std::vector<std::vector<FileRange>>& out) {
    out.push_back(ranges(count, next_begin));
    last_end_ = pending_[count - 1].end;
    none_emitted_ = false;
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(count));
}

void SpeechPacker::add(const SpeechSegment& segment, std::vector<std::vector<FileRange>>& out) {
    pending_.push_back(segment);
    // The padding after the last segment is not known yet, so there must be room for all of it.
    while (pending_.size() > 1 && total(ranges(pending_.size(), kEndless)) > window_) {
        const size_t count = best_count();
        emit(count, pending_[count].begin, out);
    }
}

void SpeechPacker::finish(int64_t length, std::vector<std::vector<FileRange>>& out) {
    if (pending_.empty()) return;
    // Nothing follows that needs a share of the silence at the end.
    pending_.back().end = std::min(pending_.back().end, length);
    auto last = ranges(pending_.size(), kEndless);
    last.back().end = std::min(last.back().end, length);
    out.push_back(std::move(last));
    pending_.clear();
}

void SpeechPacker::flush(int64_t length, std::vector<std::vector<FileRange>>& out) {
    if (pending_.empty()) return;
    finish(length, out);
    last_end_ = out.back().back().end;
    none_emitted_ = true;  // the next window may have all of the pause that follows
}

int64_t SpeechPacker::pending_samples() const {
    return pending_.empty() ? 0 : pending_.back().end - pending_.front().begin;
}

std::vector<FileRange> SpeechPacker::needed(int64_t next_begin) const {
    const int64_t tail = std::max<int64_t>(0, next_begin - padding_);
    if (pending_.empty()) return {{tail, kEndless}};
    auto kept = ranges(pending_.size(), kEndless);
    if (next_begin - pending_.back().end <= max_pause_) {
        kept.back().end = kEndless;
    } else {
        kept.push_back({tail, kEndless});
    }
    return kept;
}

}  // namespace npuscribe::audio
