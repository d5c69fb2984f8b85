#include "transcribe/segment_times.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace npuscribe {

namespace {

/// Seconds that text may stay after the last frame that voice activity took for speech, because a word fades
/// out below its threshold. Less than its padding.
constexpr double kFading = 0.2;

double end_in_file(const audio::Window& window, size_t piece, double start, double end) {
    const double begin = window.file_seconds(piece, start);
    const double limit = window.speech_end(piece) + kFading;
    const double at = window.file_seconds(piece, end);
    return std::max(begin, begin < limit ? std::min(at, limit) : at);
}

/// Words that belong to the same piece of the window.
struct Group {
    std::span<const Word> words;
    size_t piece = 0;
};

bool is_blank(const Word& word) {
    return strip(word.text).empty();
}

std::vector<Group> groups_of(std::span<const Word> words, const audio::Window& window) {
    std::vector<Group> groups;
    const auto first = std::find_if_not(words.begin(), words.end(), is_blank);
    if (first == words.end()) return {{words, 0}};
    size_t piece = window.piece_of(first->start, first->end);
    size_t from = 0;
    for (size_t i = 0; i < words.size(); ++i) {
        if (is_blank(words[i])) continue;
        const size_t next = std::max(piece, window.piece_of(words[i].start, words[i].end));
        if (next == piece) continue;
        groups.push_back({words.subspan(from, i - from), piece});
        from = i;
        piece = next;
    }
    groups.push_back({words.subspan(from), piece});
    return groups;
}

/// Cuts a segment's tokens after a number of bytes of its text.
class TokenCutter {
  public:
    TokenCutter(const Segment& segment, const Vocabulary& vocabulary, std::string_view language)
        : segment_(segment), vocabulary_(vocabulary) {
        std::vector<Token> text;
        std::copy_if(segment.tokens.begin(), segment.tokens.end(), std::back_inserter(text),
                     [&](Token token) { return token < vocabulary.eot; });
        runs_ = vocabulary.split_words(text, language);
    }

    /// The number of tokens, timestamps included, before the text that follows the first `bytes` of it.
    size_t tokens_before(size_t bytes) const {
        size_t text_tokens = 0;
        for (const auto& run : runs_) {
            if (bytes < run.text.size()) break;
            bytes -= run.text.size();
            text_tokens += run.tokens.size();
        }
        size_t at = 0;
        while (at < segment_.tokens.size() && (text_tokens > 0 || segment_.tokens[at] >= vocabulary_.eot))
            text_tokens -= segment_.tokens[at++] < vocabulary_.eot ? 1 : 0;
        return at;
    }

    Segment part(size_t from, size_t to) const {
        const auto between = [&](const auto& all) {
            const auto begin = all.begin() + static_cast<std::ptrdiff_t>(std::min(from, all.size()));
            return std::decay_t<decltype(all)>(
                begin, all.begin() + static_cast<std::ptrdiff_t>(std::min(to, all.size())));
        };
        Segment out = segment_;
        out.tokens = between(segment_.tokens);
        out.token_details = between(segment_.token_details);
        out.text = vocabulary_.text(out.tokens);
        return out;
    }

  private:
    const Segment& segment_;
    const Vocabulary& vocabulary_;
    std::vector<Tokenizer::Word> runs_;
};

void add_words(const Group& group, const audio::Window& window, Segment& segment) {
    double end = segment.start;
    for (Word word : group.words) {
        const double last = end_in_file(window, group.piece, word.start, word.end);
        word.start = std::max(end, window.file_seconds(group.piece, word.start));
        word.end = end = std::max(word.start, last);
        segment.words.push_back(std::move(word));
    }
    segment.end = std::max(segment.end, end);
}

}  // namespace

std::vector<Segment> put_into_file(const Segment& segment, const TimedSegment& timed, bool keep_words,
                                   const audio::Window& window, const Vocabulary& vocabulary,
                                   std::string_view language) {
    std::vector<Group> groups = {{{}, window.piece_of(timed.start, timed.end)}};
    if (!timed.words.empty()) groups = groups_of(timed.words, window);
    const TokenCutter cutter(segment, vocabulary, language);
    std::vector<Segment> parts;
    size_t bytes = 0;
    size_t from = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
        const Group& group = groups[g];
        const bool last = g + 1 == groups.size();
        const double start = g == 0 ? timed.start : group.words.front().start;
        const double end = last ? timed.end : group.words.back().end;
        for (const Word& word : group.words) bytes += word.text.size();
        const size_t to = last ? segment.tokens.size() : cutter.tokens_before(bytes);
        Segment& part = parts.emplace_back(groups.size() == 1 ? segment : cutter.part(from, to));
        part.start = window.file_seconds(group.piece, start);
        part.end = end_in_file(window, group.piece, start, end);
        if (keep_words) add_words(group, window, part);
        from = to;
    }
    return parts;
}

}  // namespace npuscribe
