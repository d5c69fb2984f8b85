#include "transcribe/hallucination.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audio/log_mel.h"
#include "transcribe/words.h"

namespace npuscribe {

namespace {

// whisper/transcribe.py's.
constexpr double kImprobable = 0.15;
constexpr double kShortest = 0.133;  // seconds
constexpr double kLongest = 2.0;
constexpr double kShortnessWeight = 15;  // a second too short, against a second too long
constexpr size_t kFirstWords = 8;
constexpr double kMostAnomaly = 3;
constexpr double kRounding = 0.01;
constexpr double kWindowEdge = 2.0;  // words so near to a window's beginning or end are unsure
constexpr double kLeastAdvance = 1.0;

constexpr auto kHop = static_cast<int64_t>(audio::kHopLength);

bool is_punctuation(const Word& word) {
    static const std::string marks = WordOptions().prepend_punctuations + WordOptions().append_punctuations;
    return marks.find(word.text) != std::string::npos;
}

using Iterator = std::vector<Segment>::const_iterator;

Iterator next_with_words(Iterator from, Iterator end) {
    return std::find_if(from, end, [](const Segment& segment) { return !segment.words.empty(); });
}

/// A sequential window's times, in seconds of the file.
struct Times {
    explicit Times(const audio::Window& window, double whole)
        : start(seconds(window.pieces.front().in_file)),
          audio_end(seconds(window.pieces.back().in_file + window.pieces.back().length)),
          end(start + whole) {}

    /// The audio ends with the window.
    bool last() const { return end - audio_end > seconds(kHop); }
    static double seconds(int64_t samples) { return static_cast<double>(samples) / audio::kSampleRate; }

    double start;
    double audio_end;
    double end;  // of a whole window
};

}  // namespace

double anomaly_score(const Word& word) {
    const double duration = word.end - word.start;
    double score = word.probability < kImprobable ? 1 : 0;
    if (duration < kShortest) score += (kShortest - duration) * kShortnessWeight;
    if (duration > kLongest) score += duration - kLongest;
    return score;
}

bool is_anomalous(std::span<const Word> words) {
    if (words.empty()) return false;
    size_t count = 0;
    double score = 0;
    for (const Word& word : words) {
        if (is_punctuation(word)) continue;
        score += anomaly_score(word);
        if (++count == kFirstWords) break;
    }
    return score >= kMostAnomaly || score + kRounding >= static_cast<double>(count);
}

void skip_silence(WindowText& text, const audio::Window& window, const SilenceSkip& skip) {
    if (window.pieces.empty()) return;
    const Times times(window, skip.window_seconds);
    const int64_t first_sample = window.pieces.front().in_file;
    const auto resume_at = [&](double seconds) {
        const int64_t frames = std::llround((seconds - times.start) * audio::kSampleRate / kHop);
        const int64_t length = window.pieces.back().in_file + window.pieces.back().length - first_sample;
        // The next window starts at least one encoder frame later.
        text.resume_at = first_sample + std::max(2 * kHop, std::min(frames * kHop, length));
    };
    const auto begin = text.segments.cbegin();
    const auto end = text.segments.cend();

    const auto first = next_with_words(begin, end);
    if (first != end && is_anomalous(first->words) && first->start - times.start > skip.threshold) {
        resume_at(first->start);
        text.segments.clear();
        text.skipped = true;
        return;
    }
    double last_speech = skip.last_speech;
    for (auto segment = first; segment != end; segment = next_with_words(segment + 1, end)) {
        const auto silent = [&](double from, double to) { return to - from > skip.threshold; };
        if (is_anomalous(segment->words)) {
            const auto next = next_with_words(segment + 1, end);
            const bool silence_before = silent(last_speech, segment->start) ||
                                        segment->start < skip.threshold ||
                                        segment->start - times.start < kWindowEdge;
            const bool silence_after =
                silent(segment->end, next != end ? next->words.front().start : times.audio_end) ||
                (next != end && is_anomalous(next->words)) || times.end - segment->end < kWindowEdge;
            if (silence_before && silence_after) {
                const bool over = times.last() && times.audio_end - segment->end < skip.threshold;
                resume_at(over ? times.audio_end : std::max(times.start + kLeastAdvance, segment->start));
                text.segments.erase(segment, end);
                return;
            }
        }
        last_speech = segment->end;
    }
}

std::vector<Segment> SilenceFilter::release() {
    if (!held_.empty()) last_speech_ = held_.back().end;
    return std::exchange(held_, {});
}

std::vector<Segment> SilenceFilter::add(Segment segment, bool anomalous) {
    std::vector<Segment> out;
    const bool doubtful = threshold_ && anomalous;
    if (!held_.empty() && silent(held_.back().end, segment.start)) held_.clear();
    if (doubtful && (!held_.empty() || silent(last_speech_, segment.start))) {
        held_.push_back(std::move(segment));
        return out;
    }
    out = release();
    last_speech_ = std::max(last_speech_, segment.end);
    out.push_back(std::move(segment));
    return out;
}

std::vector<Segment> SilenceFilter::end(double audio_end) {
    if (!held_.empty() && silent(held_.back().end, audio_end)) held_.clear();
    return release();
}

}  // namespace npuscribe
