#include "transcribe/segments.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>

#include "audio/log_mel.h"
#include "base/text.h"
#include "transcribe/hallucination.h"
#include "transcribe/segment_times.h"
#include "transcribe/words.h"

namespace npuscribe {

namespace {

constexpr int64_t kSamplesPerTimestamp = audio::kSampleRate / 50;  // 20 ms
/// A stretch of the window's tokens, with its times as the decoder gave them.
struct Slice {
    std::span<const Token> tokens;
    double start = 0;  // seconds in the window
    double end = 0;
};

class Cutter {
  public:
    Cutter(const DecodingResult& result, const audio::Window& window, const Vocabulary& vocabulary)
        : tokens_(result.tokens), vocabulary_(vocabulary) {
        const audio::Piece& last = window.pieces.back();
        samples_ = last.in_window + last.length;
        advance_ = samples_;
    }

    std::vector<Slice> slices(bool sequential) {
        const std::vector<size_t> cuts = cut_points();
        if (cuts.empty()) return {whole_window()};
        std::vector<Slice> slices;
        size_t from = 0;
        for (const size_t cut : cuts) {
            const auto part = tokens_.subspan(from, cut - from);
            slices.push_back({part, seconds(part.front()), seconds(part.back())});
            from = cut;
        }
        if (from == tokens_.size()) return slices;  // one timestamp at the end: nothing is said after it
        const Token last = tokens_[from - 1];
        if (sequential) {
            advance_ = std::min(samples_, int64_t{last - vocabulary_.timestamp_begin} * kSamplesPerTimestamp);
        } else {
            slices.push_back({tokens_.subspan(from), seconds(tokens_[from]), window_seconds()});
        }
        return slices;
    }

    /// The last timestamp, if more than a pause follows it. Nothing if text follows it, or if it is <|0.00|>:
    /// another attempt would end the same way.
    std::optional<int64_t> rest_from() const {
        if (tokens_.empty() || !vocabulary_.is_timestamp(tokens_.back())) return std::nullopt;
        const int64_t heard = int64_t{tokens_.back() - vocabulary_.timestamp_begin} * kSamplesPerTimestamp;
        if (heard < kSamplesPerTimestamp || samples_ - heard <= kMostPause) return std::nullopt;
        return heard;
    }

    /// Samples of the window that need no other window.
    int64_t advance() const { return advance_; }
    double window_seconds() const { return static_cast<double>(samples_) / audio::kSampleRate; }

  private:
    double seconds(Token token) const {
        return std::max(0, token - vocabulary_.timestamp_begin) * kTimestampSeconds;
    }

    /// The places where one timestamp follows another, and the end if a single timestamp stands there.
    std::vector<size_t> cut_points() const {
        std::vector<size_t> cuts;
        for (size_t i = 1; i < tokens_.size(); ++i) {
            if (vocabulary_.is_timestamp(tokens_[i - 1]) && vocabulary_.is_timestamp(tokens_[i]))
                cuts.push_back(i);
        }
        const size_t n = tokens_.size();
        const bool single_ending =
            n >= 2 && !vocabulary_.is_timestamp(tokens_[n - 2]) && vocabulary_.is_timestamp(tokens_[n - 1]);
        if (!cuts.empty() && single_ending) cuts.push_back(n);
        return cuts;
    }

    /// One segment, from the start of the window to its last timestamp, or to the window's end if there is no
    /// timestamp but <|0.00|>.
    Slice whole_window() const {
        const auto latest = std::find_if(tokens_.rbegin(), tokens_.rend(),
                                         [&](Token t) { return vocabulary_.is_timestamp(t); });
        const bool told = latest != tokens_.rend() && *latest != vocabulary_.timestamp_begin;
        return {tokens_, 0, told ? seconds(*latest) : window_seconds()};
    }

    std::span<const Token> tokens_;
    const Vocabulary& vocabulary_;
    int64_t samples_ = 0;
    int64_t advance_ = 0;
};

std::vector<TokenDetail> token_details(const DecodingResult& result, size_t first, size_t count,
                                       const Vocabulary& vocabulary) {
    std::vector<TokenDetail> details;
    for (size_t i = first; i < first + count; ++i) {
        TokenDetail& detail = details.emplace_back();
        detail.id = result.tokens[i];
        detail.probability = i < result.probabilities.size() ? double{result.probabilities[i]} : 0.0;
        if (vocabulary.is_timestamp(detail.id)) {
            char text[32];
            std::snprintf(text, sizeof text, "<|%.2f|>",
                          (detail.id - vocabulary.timestamp_begin) * kTimestampSeconds);
            detail.text = text;
        } else {
            detail.text = vocabulary.text({&detail.id, 1});
        }
    }
    return details;
}

/// A segment before its times are those of the file.
struct Draft {
    Segment segment;
    TimedSegment timed;  // Whisper's times, and its words if their times are known
};

std::vector<Draft> drafts(const std::vector<Slice>& slices, const DecodingResult& result,
                          const audio::Window& window, double window_seconds, const Vocabulary& vocabulary) {
    std::vector<Draft> out;
    for (const Slice& slice : slices) {
        if (slice.start >= slice.end || slice.start >= window_seconds) continue;
        Segment segment;
        segment.text = vocabulary.text(slice.tokens);
        if (strip(segment.text).empty()) continue;
        segment.seek = window.pieces.front().in_file / static_cast<int64_t>(audio::kHopLength);
        segment.tokens.assign(slice.tokens.begin(), slice.tokens.end());
        const auto first = static_cast<size_t>(slice.tokens.data() - result.tokens.data());
        segment.token_details = token_details(result, first, slice.tokens.size(), vocabulary);
        segment.temperature = result.temperature;
        segment.avg_logprob = result.avg_logprob;
        segment.compression_ratio = result.compression_ratio;
        segment.no_speech_prob = result.no_speech_prob;
        TimedSegment timed{{}, slice.start, std::min(slice.end, window_seconds)};
        if (!result.text_times.empty())
            timed.words = words_of(result, first, slice.tokens.size(), vocabulary);
        out.push_back({std::move(segment), std::move(timed)});
    }
    return out;
}

}  // namespace

bool spans_pause(const DecodingResult& result, const audio::Window& window, const Vocabulary& vocabulary,
                 bool sequential) {
    if (window.pieces.size() < 2 || result.tokens.empty()) return false;
    Cutter cutter(result, window, vocabulary);
    const std::vector<Slice> slices = cutter.slices(sequential);
    return std::any_of(slices.begin(), slices.end(),
                       [&](const Slice& slice) { return window.spans_pause(slice.start, slice.end); });
}

WindowText window_text(const DecodingResult& result, const audio::Window& window,
                       const Vocabulary& vocabulary, bool sequential, const WordOptions& options,
                       bool keep_words) {
    WindowText text;
    if (window.pieces.empty()) return text;
    Cutter cutter(result, window, vocabulary);
    std::vector<Slice> slices;
    if (!result.silence && !result.tokens.empty()) slices = cutter.slices(sequential);
    text.resume_at = window.pieces.front().in_file + std::max(cutter.advance(), kSamplesPerTimestamp);
    if (!sequential && !result.silence) text.rest_from = cutter.rest_from();

    const std::vector<Draft> segments = drafts(slices, result, window, cutter.window_seconds(), vocabulary);
    std::vector<TimedSegment> spoken;
    for (const Draft& draft : segments) spoken.push_back(draft.timed);
    settle_words(spoken, options);
    for (size_t i = 0; i < segments.size(); ++i) {
        TimedSegment timed = spoken[i];
        if (!keep_words) {
            timed.start = segments[i].timed.start;
            timed.end = segments[i].timed.end;
            if (!window.spans_pause(timed.start, timed.end)) timed.words.clear();
        }
        auto parts =
            put_into_file(segments[i].segment, timed, keep_words, window, vocabulary, result.language);
        text.anomalous.insert(text.anomalous.end(), parts.size(), keep_words && is_anomalous(timed.words));
        std::move(parts.begin(), parts.end(), std::back_inserter(text.segments));
    }
    return text;
}

}  // namespace npuscribe
