#include "transcribe/coverage.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/text.h"
#include "transcribe/audio_context.h"

namespace npuscribe {

namespace {

constexpr auto kFrame = static_cast<int64_t>(kSamplesPerFrame);

constexpr int64_t milliseconds(int64_t ms) {
    return ms * audio::kSampleRate / 1000;
}

/// A word is looked for at one frame, and lasts this long before and after it, unless a pause is nearer.
constexpr int64_t kHalfWord = milliseconds(300);
/// A pause so near to a word is where the word ends or begins.
constexpr int64_t kReach = milliseconds(600);
/// Sound that is kept around a hole that pauses surround.
constexpr int64_t kPadding = milliseconds(200);
/// In read English (tiny.en and base, one to five beams) neighbouring words leave at most 1.14 s of speech
/// between them, and where five words or more are missing, it is 1.3 s or more.
constexpr int64_t kLeastSpeech = milliseconds(1200);
/// What a letter takes on average. Read English has 12.8 letters a second of speech, and between 10.7
/// and 14.8 in nine windows of ten (tiny.en and base).
constexpr int64_t kLetter = milliseconds(80);

/// Speech has one word in 20 ms, and attention blurs two. A frame at which this many were looked for holds
/// none of them for certain: attention rests there.
constexpr size_t kCrowd = 3;

/// A word, and the first and last sample at which its tokens were looked for.
struct Heard {
    size_t first_token = 0;  // of the result
    int64_t from = 0;
    int64_t to = 0;
    size_t lost_letters = 0;  // of words since the one heard before it, whose place is not known
};

struct HeardWords {
    std::vector<Heard> words;
    size_t lost_letters = 0;  // of words after the last one
};

/// A token of a word, and the frame at which it was looked for.
struct Look {
    int frame = 0;
    size_t word = 0;
};

/// The longest run of looks, not all of them neighbours, in which each frame is later than the one before:
/// their indices (patience sorting: Aldous and Diaconis, "Longest increasing subsequences", 1999).
std::vector<size_t> longest_ascent(std::span<const Look> looks) {
    std::vector<size_t> ends;  // of the best run of each length
    std::vector<size_t> before(looks.size());
    for (size_t i = 0; i < looks.size(); ++i) {
        const auto longer = std::lower_bound(ends.begin(), ends.end(), looks[i].frame,
                                             [&](size_t end, int frame) { return looks[end].frame < frame; });
        if (longer != ends.begin()) before[i] = *(longer - 1);
        if (longer == ends.end()) {
            ends.push_back(i);
        } else {
            *longer = i;
        }
    }
    std::vector<size_t> run(ends.size());
    for (size_t n = run.size(), at = n > 0 ? ends.back() : 0; n-- > 0; at = before[at]) run[n] = at;
    return run;
}

/// The text without ASCII's punctuation, spaces and capitals.
std::string letters(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) {
            out += c;
        } else if (std::isalnum(byte) != 0) {
            out += static_cast<char>(std::tolower(byte));
        }
    }
    return out;
}

/// Letters of any alphabet: UTF-8's continuation bytes do not count, and neither do ASCII's marks.
size_t count_letters(std::string_view text) {
    const std::string all = letters(text);
    return static_cast<size_t>(std::count_if(
        all.begin(), all.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// The result's words and where they were looked for. The attention of a token or two of a window is
/// somewhere else, and in short windows that of many words rests on one frame, often in a pause. A word that
/// is out of order, or at such a frame, has no known place. Punctuation does not count, because it is looked
/// for where the next word begins.
HeardWords words_heard(const DecodingResult& result, const Vocabulary& vocabulary,
                       const WordOptions& options) {
    std::vector<size_t> places;  // of text tokens in the result
    std::vector<Token> text;
    for (size_t i = 0; i < result.tokens.size(); ++i) {
        if (result.tokens[i] >= vocabulary.eot) continue;
        places.push_back(i);
        text.push_back(result.tokens[i]);
    }
    const std::string marks = options.prepend_punctuations + options.append_punctuations;
    std::vector<Heard> words;        // in any place
    std::vector<Look> looks;         // of the words' tokens
    std::map<int, size_t> words_at;  // each frame
    size_t at = 0;
    for (const auto& word : vocabulary.split_words(text, result.language)) {
        const size_t first = at;
        at += word.tokens.size();
        const std::string_view stripped = strip(word.text);
        if (stripped.empty() || marks.find(stripped) != std::string::npos) continue;
        std::set<int> frames;
        for (size_t i = first; i < at; ++i) {
            const int frame = result.frames[places[i]];
            if (frame < 0 || !frames.insert(frame).second) continue;
            looks.push_back({frame, words.size()});
            ++words_at[frame];
        }
        words.push_back({places[first], -1, -1, count_letters(stripped)});
    }
    std::erase_if(looks, [&](const Look& look) { return words_at.at(look.frame) >= kCrowd; });
    for (const size_t i : longest_ascent(looks)) {
        Heard& word = words[looks[i].word];
        const int64_t sample = looks[i].frame * kFrame;
        // Where Whisper jumps, the first token of the next word may still be looked for before the jump.
        if (word.from < 0 || sample - word.to >= kLeastSpeech) word.from = sample;
        word.to = sample;
    }
    HeardWords heard;
    for (Heard& word : words) {
        if (word.from < 0) {
            heard.lost_letters += word.lost_letters;
            continue;
        }
        word.lost_letters = std::exchange(heard.lost_letters, 0);
        heard.words.push_back(word);
    }
    return heard;
}

/// The fewest bytes to insert, delete or replace that make `text` of some beginning of `other` (Sellers 1980,
/// with the beginning fixed).
size_t distance_to_beginning(std::string_view text, std::string_view other) {
    std::vector<size_t> row(text.size() +
                            1);  // distances of the text's beginnings to the one of `other` so far
    std::iota(row.begin(), row.end(), size_t{0});
    size_t least = row.back();
    for (const char c : other.substr(0, 2 * text.size())) {
        size_t diagonal = std::exchange(row[0], row[0] + 1);
        for (size_t i = 1; i < row.size(); ++i) {
            const size_t replaced = diagonal + (text[i - 1] == c ? 0 : 1);
            diagonal = std::exchange(row[i], std::min({replaced, row[i] + 1, row[i - 1] + 1}));
        }
        least = std::min(least, row.back());
    }
    return least;
}

/// Whether `text` is heard again at the beginning of `other`: most of its letters stand there in the same
/// order.
bool repeats_beginning(std::string_view text, std::string_view other) {
    // Of the letters. Unrelated English phrases change 0.76 of them, and one in a hundred less than 0.58.
    constexpr double kMostChanged = 0.4;
    return static_cast<double>(distance_to_beginning(text, other)) <=
           kMostChanged * static_cast<double>(text.size());
}

/// The speech between two words.
class Between {
  public:
    /// `from` and `to` are where the words were looked for; nothing: the window begins or ends there.
    Between(const audio::Window& window, std::optional<int64_t> from, std::optional<int64_t> to)
        : speech_(window.speech), begin_(0), end_(static_cast<int64_t>(window.samples.size())) {
        if (from) begin_ = after_word(*from);
        if (to) end_ = before_word(*to);
    }

    int64_t samples_of_speech() const {
        int64_t sum = 0;
        for (const audio::Range& range : speech_)
            sum += std::max<int64_t>(0, std::min(range.end, end_) - std::max(range.begin, begin_));
        return sum;
    }

    /// The speech and a little around it.
    audio::Range audio() const {
        audio::Range audio{end_, begin_};
        for (const audio::Range& range : speech_) {
            if (range.end <= begin_ || range.begin >= end_) continue;
            audio.begin = std::min(audio.begin, range.begin - kPadding);
            audio.end = std::max(audio.end, range.end + kPadding);
        }
        audio.begin = std::max(audio.begin, begin_) / kFrame * kFrame;
        audio.end = std::min(audio.end, end_) / kFrame * kFrame;
        return audio;
    }

  private:
    int64_t after_word(int64_t sample) const {
        for (const audio::Range& range : speech_) {
            if (range.end > sample && range.end <= sample + kReach) return range.end;
        }
        return sample + kHalfWord;
    }
    int64_t before_word(int64_t sample) const {
        for (auto range = speech_.rbegin(); range != speech_.rend(); ++range) {
            if (range->begin < sample && range->begin >= sample - kReach) return range->begin;
        }
        return sample - kHalfWord;
    }

    std::span<const audio::Range> speech_;
    int64_t begin_;
    int64_t end_;
};

class Splitter {
  public:
    Splitter(const DecodingResult& result, const audio::Window& window, const Vocabulary& vocabulary)
        : result_(result), window_(window), vocabulary_(vocabulary) {}

    /// Tokens [first, last) as the text of the window's samples `range`.
    WindowStretch stretch(size_t first, size_t last, audio::Range range) const {
        WindowStretch out;
        out.window = window_.part(range);
        out.result = result_;
        cut(out.result.tokens, first, last);
        cut(out.result.probabilities, first, last);
        cut(out.result.frames, first, last);
        out.result.prefix_tokens = std::clamp(result_.prefix_tokens, first, last) - first;
        end_with_timestamp(out.result);
        const auto shift = static_cast<Token>(range.begin / kFrame);
        const auto latest = static_cast<Token>((range.end - range.begin) / kFrame);
        for (Token& token : out.result.tokens) {
            if (!vocabulary_.is_timestamp(token)) continue;
            const Token time = token - vocabulary_.timestamp_begin - shift;
            token = vocabulary_.timestamp_begin + std::clamp(time, Token{0}, latest);
        }
        for (int& frame : out.result.frames)
            frame = frame < 0 ? frame : std::clamp(frame - shift, Token{0}, latest);
        if (!result_.text_times.empty()) out.result.text_times = times(first, last, range);
        return out;
    }

  private:
    /// Text that goes on after the stretch ends with it. Without timestamps there is nothing to do.
    void end_with_timestamp(DecodingResult& result) const {
        const auto is_timestamp = [this](Token token) { return vocabulary_.is_timestamp(token); };
        if (result.tokens.empty() || is_timestamp(result.tokens.back())) return;
        if (std::none_of(result_.tokens.begin(), result_.tokens.end(), is_timestamp)) return;
        result.tokens.push_back(static_cast<Token>(vocabulary_.size) - 1);  // clamped with the others
        result.probabilities.push_back(1);
        result.frames.push_back(-1);
    }

    template <class T>
    static void cut(std::vector<T>& values, size_t first, size_t last) {
        if (values.size() < last) return;
        values = std::vector<T>(values.begin() + static_cast<std::ptrdiff_t>(first),
                                values.begin() + static_cast<std::ptrdiff_t>(last));
    }

    std::vector<double> times(size_t first, size_t last, audio::Range range) const {
        const auto text_before = [&](size_t token) {
            return std::count_if(result_.tokens.begin(),
                                 result_.tokens.begin() + static_cast<std::ptrdiff_t>(token),
                                 [&](Token t) { return t < vocabulary_.eot; });
        };
        if (text_before(first) == text_before(last)) return {};
        const double begin = static_cast<double>(range.begin) / audio::kSampleRate;
        const double length = static_cast<double>(range.end - range.begin) / audio::kSampleRate;
        std::vector<double> out(result_.text_times.begin() + text_before(first),
                                result_.text_times.begin() + text_before(last) + 1);
        for (double& time : out) time = std::clamp(time - begin, 0.0, length);
        return out;
    }

    const DecodingResult& result_;
    const audio::Window& window_;
    const Vocabulary& vocabulary_;
};

}  // namespace

std::vector<Hole> find_holes(const DecodingResult& result, const audio::Window& window,
                             const Vocabulary& vocabulary, const WordOptions& options) {
    if (window.speech.empty() || result.silence || result.frames.size() != result.tokens.size()) return {};
    // A given prefix was not looked for, and draws the attention of the words after it out of place.
    if (result.prefix_tokens > 0) return {};
    const auto [words, lost_at_end] = words_heard(result, vocabulary, options);
    if (words.empty()) return {};
    std::vector<Hole> holes;
    std::optional<int64_t> latest;
    for (size_t i = 0; i <= words.size(); ++i) {
        const bool last = i == words.size();
        const Between between(window, latest, last ? std::nullopt : std::optional(words[i].from));
        const size_t lost_letters = last ? lost_at_end : words[i].lost_letters;
        if (between.samples_of_speech() - static_cast<int64_t>(lost_letters) * kLetter >= kLeastSpeech) {
            size_t tokens = last ? result.tokens.size() : words[i].first_token;
            // The time at which the words after the hole begin belongs to them.
            if (!last && tokens > 0 && vocabulary.is_timestamp(result.tokens[tokens - 1])) --tokens;
            holes.push_back({tokens, between.audio()});
        }
        if (!last) latest = words[i].to;
    }
    return holes;
}

std::vector<WindowStretch> split_at_holes(const DecodingResult& result, const audio::Window& window,
                                          const std::vector<Hole>& holes, const Vocabulary& vocabulary) {
    const Splitter splitter(result, window, vocabulary);
    std::vector<WindowStretch> out;
    size_t first = 0;
    int64_t begin = 0;
    for (const Hole& hole : holes) {
        out.push_back(splitter.stretch(first, hole.tokens, {begin, hole.audio.begin}));
        first = hole.tokens;
        begin = hole.audio.end;
    }
    const auto end = static_cast<int64_t>(window.samples.size());
    out.push_back(splitter.stretch(first, result.tokens.size(), {begin, end}));
    return out;
}

bool fills_hole(const DecodingResult& result, const Vocabulary& vocabulary, std::string_view before,
                std::string_view after) {
    const DecodingOptions openai;
    if (result.silence || result.temperature > 0) return false;
    if (result.avg_logprob < *openai.logprob_threshold) return false;
    if (result.compression_ratio > *openai.compression_ratio_threshold) return false;
    std::string words = letters(vocabulary.text(result.tokens));
    if (words.empty() || repeats_beginning(words, letters(after))) return false;
    std::string reversed_before = letters(before);
    std::reverse(reversed_before.begin(), reversed_before.end());
    std::reverse(words.begin(), words.end());
    return !repeats_beginning(words, reversed_before);
}

}  // namespace npuscribe
