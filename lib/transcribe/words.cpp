#include "transcribe/words.h"

#include <algorithm>

#include "base/text.h"

namespace npuscribe {

namespace {

// Seconds, as add_word_timestamps has them.
constexpr double kLongestMedian = 0.7;
constexpr double kTooEarly = 0.5;  // a first word may begin so much before its segment's timestamp
constexpr double kTooLate = 0.5;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

double duration(const Word& word) {
    return word.end - word.start;
}

/// The median length of the words that have one; at most kLongestMedian.
double median_duration(std::span<Word* const> words) {
    std::vector<double> durations;
    for (const Word* word : words) {
        if (duration(*word) > 0) durations.push_back(duration(*word));
    }
    if (durations.empty()) return 0;
    std::sort(durations.begin(), durations.end());
    const size_t half = durations.size() / 2;
    const double median =
        durations.size() % 2 == 1 ? durations[half] : (durations[half - 1] + durations[half]) / 2;
    return std::min(kLongestMedian, median);
}

/// A pause at the end of a sentence makes the mark or the word after it too long: shortens that.
void shorten_at_sentence_ends(std::span<Word* const> words, double longest) {
    constexpr std::string_view kMarks = ".。!！?？";
    for (size_t i = 1; i < words.size(); ++i) {
        if (duration(*words[i]) <= longest) continue;
        if (contains(kMarks, words[i]->text)) {
            words[i]->end = words[i]->start + longest;
        } else if (contains(kMarks, words[i - 1]->text)) {
            words[i]->start = words[i]->end - longest;
        }
    }
}

/// Shortens the first two words of a segment if a pause comes before it.
void shorten_after_pause(std::vector<Word>& words, double last_speech, double median) {
    const double longest = 2 * median;
    const bool two = words.size() > 1;
    Word& first = words[0];
    if (first.end - last_speech <= 4 * median) return;
    if (duration(first) <= longest && !(two && words[1].end - first.start > 2 * longest)) return;
    if (two && duration(words[1]) > longest) {
        const double boundary = std::max(words[1].end / 2, words[1].end - longest);
        first.end = words[1].start = boundary;
    }
    first.start = std::max(0.0, first.end - longest);
}

}  // namespace

std::vector<Word> words_of(const DecodingResult& result, size_t first, size_t count,
                           const Vocabulary& vocabulary) {
    const auto is_text = [&](Token token) { return token < vocabulary.eot; };
    const std::span<const Token> all(result.tokens);
    auto at = static_cast<size_t>(
        std::count_if(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(first), is_text));
    std::vector<Token> text;
    std::vector<double> probabilities;
    for (size_t i = first; i < first + count; ++i) {
        if (!is_text(all[i])) continue;
        text.push_back(all[i]);
        probabilities.push_back(i < result.probabilities.size() ? double{result.probabilities[i]} : 0.0);
    }
    std::vector<Word> words;
    size_t next = 0;  // of the probabilities
    for (auto& run : vocabulary.split_words(text, result.language)) {
        Word word{result.text_times.at(at), result.text_times.at(at + run.tokens.size()), std::move(run.text),
                  0};
        for (size_t i = 0; i < run.tokens.size(); ++i) word.probability += probabilities[next + i];
        word.probability /= static_cast<double>(run.tokens.size());
        at += run.tokens.size();
        next += run.tokens.size();
        words.push_back(std::move(word));
    }
    return words;
}

void merge_punctuations(std::vector<Word>& words, const WordOptions& options) {
    size_t following = words.empty() ? 0 : words.size() - 1;
    for (size_t i = following; i-- > 0;) {
        const std::string& text = words[i].text;
        if (text.starts_with(' ') && contains(options.prepend_punctuations, strip(text))) {
            words[following].text.insert(0, text);
            words[i].text.clear();
        } else {
            following = i;
        }
    }
    size_t previous = 0;
    for (size_t i = 1; i < words.size(); ++i) {
        if (!words[previous].text.ends_with(' ') && contains(options.append_punctuations, words[i].text)) {
            words[previous].text += words[i].text;
            words[i].text.clear();
        } else {
            previous = i;
        }
    }
    std::erase_if(words, [](const Word& word) { return word.text.empty(); });
}

void put_after(const Segment& before, Segment& segment) {
    segment.start = std::max(segment.start, before.start);
    if (!before.words.empty() && !segment.words.empty()) {
        double end = std::max(segment.start, before.words.back().end);
        for (Word& word : segment.words) {
            word.start = std::max(word.start, end);
            word.end = end = std::max(word.start, word.end);
        }
        segment.start = segment.words.front().start;
        segment.end = std::max(segment.end, end);
    }
    segment.end = std::max(segment.end, segment.start);
}

void settle_words(std::span<TimedSegment> segments, const WordOptions& options) {
    std::vector<Word*> all;
    for (TimedSegment& segment : segments) {
        for (Word& word : segment.words) all.push_back(&word);
    }
    const double median = median_duration(all);
    if (median > 0) shorten_at_sentence_ends(all, 2 * median);

    double last_speech = 0;
    for (TimedSegment& segment : segments) {
        auto& words = segment.words;
        merge_punctuations(words, options);
        if (words.empty()) continue;
        shorten_after_pause(words, last_speech, median);
        // If a first or last word is too long, the segment's timestamps are more reliable.
        if (segment.start < words.front().end && segment.start - kTooEarly > words.front().start)
            words.front().start = std::max(0.0, std::min(words.front().end - median, segment.start));
        if (segment.end > words.back().start && segment.end + kTooLate < words.back().end)
            words.back().end = std::max(words.back().start + median, segment.end);
        last_speech = words.back().end;
    }
    double end = 0;
    for (TimedSegment& segment : segments) {
        for (Word& word : segment.words) {
            word.start = std::max(word.start, end);
            word.end = end = std::max(word.start, word.end);
        }
        if (segment.words.empty()) continue;
        segment.start = segment.words.front().start;
        segment.end = segment.words.back().end;
    }
}

}  // namespace npuscribe
