#include "output/broadcast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "output/spoken_words.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kLongPause = 1;       // seconds: no cue runs through more
constexpr double kNoticedPause = 0.3;  // seconds: a pause that listeners hear
constexpr int64_t kMostDelay = 250;    // ms: a cue may begin so much late to leave the one before its time

// What a cut costs. Only the order of magnitude matters: a cue that is too short is worse than one that is
// read too fast, which is worse than a break inside a clause.
constexpr double kTooShort = 1000;
constexpr double kTooFast = 60;
constexpr double kEachCue = 10;
constexpr double kTwoSentences = 14;  // for each sentence that ends before the cue does
constexpr double kSentenceCut = 25;   // a sentence begins in the cue and does not end in it
constexpr double kBriefly = 10;       // for each second below kComfort
constexpr double kComfort = 1.5;      // seconds

/// Words of one speaker without a long pause.
struct Run {
    std::vector<Word> words;
    std::string speaker;
    double next_start = kNever;  // of the next run
};

/// A speaker's name as SubRip shows it in front of a cue.
std::string shown_name(const std::string& speaker) {
    return speaker.empty() ? "" : fmt::format("(speaker {}) ", speaker);
}

enum class Break { sentence, clause, pause, other };

/// Where the language breaks after words[i].
Break break_after(std::span<const Word> words, size_t i) {
    const bool last = i + 1 == words.size();
    if (last || ends_sentence(words[i].text, words[i + 1].text)) return Break::sentence;
    if (ends_clause(words[i].text)) return Break::clause;
    return words[i + 1].start - words[i].end >= kNoticedPause ? Break::pause : Break::other;
}

double cost_of(Break at, const Word& word) {
    switch (at) {
        case Break::sentence:
            return 0;
        case Break::clause:
            return 12;
        case Break::pause:
            return 16;
        case Break::other:
            break;
    }
    // Articles, prepositions and conjunctions belong to the words after them; in most languages they are
    // short.
    return columns(strip(word.text)) <= 3 ? 50 : 40;
}

/// Parts of at most `width` columns of a word that is wider than a line.
std::vector<Word> narrow(const Word& word, size_t width) {
    std::vector<Word> parts;
    std::string_view rest = word.text;
    const size_t blanks = std::min(rest.find_first_not_of(' '), rest.size());
    const auto all = static_cast<double>(columns(rest));
    double before = 0;
    while (!rest.empty()) {
        size_t bytes = parts.empty() ? blanks : 0;
        size_t used = 0;
        while (bytes < rest.size()) {
            const utf8::Character next = utf8::first(rest.substr(bytes));
            const size_t wide = columns(rest.substr(bytes, next.size));
            if (used > 0 && used + wide > width) break;
            used += wide;
            bytes += next.size;
        }
        Word part = word;
        part.text = rest.substr(0, bytes);
        const double after = before + static_cast<double>(columns(part.text));
        part.start = word.start + (word.end - word.start) * before / all;
        part.end = word.start + (word.end - word.start) * after / all;
        parts.push_back(std::move(part));
        before = after;
        rest.remove_prefix(bytes);
    }
    return parts;
}

std::vector<Run> runs_of(const Transcript& transcript, size_t width) {
    std::vector<Run> runs;
    for (const Segment& segment : transcript.segments) {
        const std::string speaker = one_line(segment.speaker);
        for (const Word& word : spoken_words(segment)) {
            if (strip(word.text).empty()) continue;
            const bool goes_on = !runs.empty() && runs.back().speaker == speaker &&
                                 word.start - runs.back().words.back().end <= kLongPause;
            if (!goes_on) {
                if (!runs.empty()) runs.back().next_start = word.start;
                runs.push_back({{}, speaker, kNever});
            }
            auto& words = runs.back().words;
            const size_t name = columns(shown_name(speaker));
            const size_t room = name < width ? width - name : width;
            if (columns(strip(word.text)) <= room) {
                words.push_back(word);
            } else {
                for (Word& part : narrow(word, room)) words.push_back(std::move(part));
            }
        }
    }
    return runs;
}

/// Chooses the cues of a run, and their lines.
class Cutter {
  public:
    Cutter(const Run& run, const SubtitleOptions& options)
        : words_(run.words),
          next_start_(run.next_start),
          limits_(options.limits),
          width_(static_cast<size_t>(options.max_line_width.value_or(kBroadcastWidth))),
          count_(static_cast<size_t>(options.max_line_count.value_or(kBroadcastLines))) {
        speaker_ = columns(shown_name(run.speaker));
        for (size_t i = 0; i < words_.size(); ++i) {
            breaks_.push_back(break_after(words_, i));
            bare_.push_back(columns(strip(words_[i].text)));
            full_.push_back(columns(words_[i].text));
        }
    }

    std::vector<Cue> cues() const {
        const size_t n = words_.size();
        std::vector<double> cost(n + 1, kNever);  // of the first words
        std::vector<size_t> from(n + 1, 0);
        cost[0] = 0;
        for (size_t first = 0; first < n; ++first) {
            Lines lines(*this);
            size_t sentences = 0;  // that end before the last word
            for (size_t last = first; last < n; ++last) {
                const bool fits = lines.add(last);
                const bool in_time = words_[last].end - words_[first].start <= limits_.max_seconds;
                if (last > first && !(fits && in_time)) break;
                const double all = cost[first] + cost_of_cue(first, last, lines.columns(), sentences);
                if (all < cost[last + 1]) {
                    cost[last + 1] = all;
                    from[last + 1] = first;
                }
                sentences += breaks_[last] == Break::sentence ? 1 : 0;
            }
        }
        std::vector<Cue> out;
        for (size_t end = n; end > 0; end = from[end]) {
            const size_t first = from[end];
            out.push_back(
                {milliseconds(words_[first].start), milliseconds(words_[end - 1].end), text_of(first, end)});
        }
        std::reverse(out.begin(), out.end());
        return out;
    }

  private:
    /// Fills lines with words, as many as fit.
    class Lines {
      public:
        explicit Lines(const Cutter& cutter) : cutter_(cutter) {}
        /// Returns false if the word does not fit.
        bool add(size_t word) {
            const size_t room = cutter_.room(lines_ == 1);
            if (length_ > 0 && length_ + cutter_.full_[word] <= room) {
                length_ += cutter_.full_[word];
                columns_ += cutter_.full_[word];
                return true;
            }
            if (length_ > 0) ++lines_;
            columns_ += cutter_.bare_[word] + (length_ > 0 ? 1 : 0);
            length_ = cutter_.bare_[word];
            return lines_ <= cutter_.count_;
        }
        /// Of the whole text, with one for each line break.
        size_t columns() const { return columns_ + cutter_.speaker_; }

      private:
        const Cutter& cutter_;
        size_t lines_ = 1, length_ = 0, columns_ = 0;
    };

    size_t room(bool first_line) const {
        return first_line && speaker_ < width_ ? width_ - speaker_ : width_;
    }

    double cost_of_cue(size_t first, size_t last, size_t columns, size_t sentences) const {
        const double start = words_[first].start;
        const double next = last + 1 < words_.size() ? words_[last + 1].start : next_start_;
        const double room = std::max(0.0, next - limits_.min_gap - start);
        double cost = kEachCue + cost_of(breaks_[last], words_[last]);
        if (room < limits_.min_seconds) cost += kTooShort * (1 + limits_.min_seconds - room);
        const double needed = static_cast<double>(columns) / limits_.max_characters_per_second;
        const double shown = std::min(room, std::max(words_[last].end - start, needed));
        if (shown < needed) cost += kTooFast * (0.5 + std::min(10.0, needed / std::max(shown, 0.01) - 1));
        if (shown < kComfort) cost += kBriefly * (kComfort - shown);
        cost += kTwoSentences * static_cast<double>(sentences);
        if (sentences > 0 && breaks_[last] != Break::sentence) cost += kSentenceCut;
        return cost;
    }

    /// Words [first, end) on as few lines as hold them, of about the same length, broken where the language
    /// breaks.
    std::string text_of(size_t first, size_t end) const {
        size_t least = 1;
        while (least < count_ && !fit(first, end, least)) ++least;
        const size_t n = end - first;
        // cost[l][i]: of the first i words on l lines.
        std::vector<std::vector<double>> cost(least + 1, std::vector<double>(n + 1, kNever));
        std::vector<std::vector<size_t>> from(least + 1, std::vector<size_t>(n + 1, 0));
        cost[0][0] = 0;
        double ideal = 0;
        for (size_t i = first; i < end; ++i) ideal += static_cast<double>(full_[i]);
        ideal /= static_cast<double>(least);
        for (size_t line = 1; line <= least; ++line) {
            for (size_t begin = line - 1; begin < n; ++begin) {
                if (cost[line - 1][begin] == kNever) continue;
                size_t length = bare_[first + begin];
                for (size_t to = begin + 1; to <= n; ++to) {
                    if (to > begin + 1) length += full_[first + to - 1];
                    if (to > begin + 1 && length > room(line == 1)) break;
                    const double off = (static_cast<double>(length) - ideal) / static_cast<double>(width_);
                    const bool last = to == n;
                    const size_t word = first + to - 1;
                    const double all = cost[line - 1][begin] + 100 * off * off +
                                       (last ? 0 : cost_of(breaks_[word], words_[word]) / 2);
                    if (all < cost[line][to]) {
                        cost[line][to] = all;
                        from[line][to] = begin;
                    }
                }
            }
        }
        std::string text;
        size_t to = n;
        for (size_t line = least; line > 0; --line) {
            std::string one;
            for (size_t i = from[line][to]; i < to; ++i) one += words_[first + i].text;
            text.insert(0, one_line(one) + (text.empty() ? "" : "\n"));
            to = from[line][to];
        }
        return text;
    }

    bool fit(size_t first, size_t end, size_t lines) const {
        size_t used = 1;
        size_t length = 0;
        for (size_t i = first; i < end; ++i) {
            if (length > 0 && length + full_[i] <= room(used == 1)) {
                length += full_[i];
            } else {
                used += length > 0 ? 1 : 0;
                length = bare_[i];
            }
        }
        return used <= lines;
    }

    const std::vector<Word>& words_;
    const double next_start_;
    const CueLimits& limits_;
    const size_t width_, count_;
    size_t speaker_ = 0;  // columns of "(speaker 0) "
    std::vector<Break> breaks_;
    std::vector<size_t> bare_, full_;  // columns of each word, without and with the space in front
};

int64_t in_ms(double seconds) {
    return static_cast<int64_t>(std::ceil(seconds * 1000 - 1e-6));
}

/// Lets cues stay on into silence if they are too short, and keeps them apart.
void settle_times(std::vector<Cue>& cues, const CueLimits& limits) {
    const int64_t least = in_ms(limits.min_seconds);
    const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(limits.max_seconds * 1000 + 1e-6));
    const int64_t gap = in_ms(limits.min_gap);
    constexpr int64_t kFar = std::numeric_limits<int64_t>::max() / 2;
    const auto start_of = [&](size_t i) { return i < cues.size() ? cues[i].start : kFar; };
    for (size_t i = 0; i < cues.size(); ++i) {
        Cue& cue = cues[i];
        if (i > 0) cue.start = std::max(cue.start, cues[i - 1].end + gap);
        const double read = static_cast<double>(columns(shown_name(cue.speaker) + cue.text)) /
                            limits.max_characters_per_second;
        const int64_t wanted =
            std::min(std::max({cue.end, cue.start + least, cue.start + in_ms(read)}), cue.start + most);
        int64_t room = start_of(i + 1) - gap;
        if (room - cue.start < least) {
            const int64_t missing = cue.start + least - room;
            // If two speak at once, the later one's cue waits. Otherwise it waits a little, unless that made
            // it too short in turn.
            const bool at_once = cues[i + 1].speaker != cue.speaker;
            const int64_t most_delay = std::min(kMostDelay, start_of(i + 2) - 2 * gap - least - room);
            room += at_once ? missing : std::clamp<int64_t>(most_delay, 0, missing);
        }
        cue.end = std::max(cue.start + 1, std::min(wanted, room));
    }
}

}  // namespace

std::vector<Cue> broadcast_cues(const Transcript& transcript, const SubtitleOptions& options) {
    std::vector<Cue> out;
    const auto width = static_cast<size_t>(options.max_line_width.value_or(kBroadcastWidth));
    for (const Run& run : runs_of(transcript, width)) {
        for (Cue& cue : Cutter(run, options).cues()) {
            cue.speaker = run.speaker;
            out.push_back(std::move(cue));
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const Cue& a, const Cue& b) { return a.start < b.start; });
    settle_times(out, options.limits);
    return out;
}

}  // namespace npuscribe::output
