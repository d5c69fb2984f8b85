#include "transcribe/segments.h"

#include <algorithm>
#include <cstdio>
#include <span>

#include "audio/log_mel.h"
#include "base/text.h"
#include "transcribe/hallucination.h"
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

/// Turns times of the window into times of the file.
void put_into_file(TimedSegment timed, const audio::Window& window, Segment& segment) {
    segment.start = window.file_seconds(timed.start, false);
    segment.end = std::max(segment.start, window.file_seconds(timed.end, true));
    double end = segment.start;
    for (Word& word : timed.words) {
        word.start = std::max(end, window.file_seconds(word.start, false));
        word.end = end = std::max(word.start, window.file_seconds(word.end, true));
    }
    segment.end = std::max(segment.end, end);
    segment.words = std::move(timed.words);
}

}  // namespace

WindowText window_text(const DecodingResult& result, const audio::Window& window,
                       const Vocabulary& vocabulary, bool sequential, const WordOptions& options) {
    WindowText text;
    if (window.pieces.empty()) return text;
    const int64_t window_start = window.pieces.front().in_file;
    Cutter cutter(result, window, vocabulary);
    std::vector<Slice> slices;
    if (!result.silence && !result.tokens.empty()) slices = cutter.slices(sequential);
    text.resume_at = window_start + std::max(cutter.advance(), kSamplesPerTimestamp);
    if (!sequential && !result.silence) text.rest_from = cutter.rest_from();

    std::vector<TimedSegment> timed;
    for (const Slice& slice : slices) {
        if (slice.start >= slice.end || slice.start >= cutter.window_seconds()) continue;
        Segment segment;
        segment.text = vocabulary.text(slice.tokens);
        if (strip(segment.text).empty()) continue;
        segment.seek = window_start / static_cast<int64_t>(audio::kHopLength);
        segment.tokens.assign(slice.tokens.begin(), slice.tokens.end());
        const auto first = static_cast<size_t>(slice.tokens.data() - result.tokens.data());
        segment.token_details = token_details(result, first, slice.tokens.size(), vocabulary);
        TimedSegment& times = timed.emplace_back();
        times.start = slice.start;
        times.end = std::min(slice.end, cutter.window_seconds());
        if (!result.text_times.empty())
            times.words = words_of(result, first, slice.tokens.size(), vocabulary);
        segment.temperature = result.temperature;
        segment.avg_logprob = result.avg_logprob;
        segment.compression_ratio = result.compression_ratio;
        segment.no_speech_prob = result.no_speech_prob;
        text.segments.push_back(std::move(segment));
    }
    settle_words(timed, options);
    for (size_t i = 0; i < timed.size(); ++i) {
        text.anomalous.push_back(is_anomalous(timed[i].words));
        put_into_file(std::move(timed[i]), window, text.segments[i]);
    }
    return text;
}

}  // namespace npuscribe
