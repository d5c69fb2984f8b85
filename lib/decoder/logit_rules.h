#pragma once
// What may be sampled next (openai/whisper, whisper/decoding.py: SuppressBlank, SuppressTokens,
// ApplyTimestampRules).

#include <cstddef>
#include <span>
#include <vector>

#include "decoder/options.h"
#include "decoder/vocabulary.h"

namespace npuscribe {

/// The part of a row that may be sampled: two runs of tokens, of which either may be empty. A rule that
/// forbids whole ranges shortens the runs; a rule that forbids single tokens sets them to −infinity inside
/// the runs. That saves writing, and reading again, 50,000 −infinities.
struct Candidates {
    size_t text_begin = 0;  // text and special tokens: [text_begin, text_end)
    size_t text_end = 0;
    size_t time_begin = 0;  // timestamps: [time_begin, time_end)
    size_t time_end = 0;

    template <class T>
    std::span<T> text(std::span<T> row) const {
        return row.subspan(text_begin, text_end - text_begin);
    }
    template <class T>
    std::span<T> time(std::span<T> row) const {
        return row.subspan(time_begin, time_end - time_begin);
    }
    bool contains(Token token) const;
};

/// The earliest timestamps at which a text may end; 0 allows any.
struct EarliestEnds {
    Token any = 0;
    /// If the timestamp is the second of two: a segment begins there, so the model expects more speech.
    Token open = 0;
};

class LogitRules {
  public:
    LogitRules(const Vocabulary& vocabulary, const DecodingOptions& options);

    /// `logits` are those of the whole vocabulary, and are changed in place. `sampled` are the window's own
    /// tokens so far, its prefix included: the rules for a window's first token apply to the prefix. After
    /// text, the window may not end at a timestamp before the one that `ends` names.
    Candidates apply(std::span<float> logits, std::span<const Token> sampled, EarliestEnds ends = {}) const;

  private:
    Candidates timestamp_rules(std::span<const Token> sampled) const;
    void penalise_repetition(std::span<float> logits, std::span<const Token> sampled) const;
    void forbid_repeated_ngrams(std::span<float> logits, std::span<const Token> sampled) const;

    Token eot_;
    Token timestamp_begin_;
    size_t size_;
    bool timestamps_;
    float repetition_penalty_;
    size_t no_repeat_ngram_size_;
    size_t first_timestamps_;        // how many timestamps may be the first token
    std::vector<Token> suppressed_;  // always
    std::vector<Token> blank_;       // as the first token
};

}  // namespace npuscribe
