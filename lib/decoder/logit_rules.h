#pragma once
// What may be sampled next (openai/whisper, whisper/decoding.py: SuppressBlank, SuppressTokens,
// ApplyTimestampRules).

#include <cstddef>
#include <span>
#include <vector>

#include "decoder/options.h"
#include "decoder/vocabulary.h"

namespace npuscribe {

/// The part of a row that may be sampled: two runs of tokens, either of them empty. What a rule forbids by
/// the run is left out of them, what it forbids token by token is −infinity inside: nobody writes, or reads
/// again, 50,000 −infinities.
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

class LogitRules {
  public:
    LogitRules(const Vocabulary& vocabulary, const DecodingOptions& options);

    /// `logits`: of the whole vocabulary, changed in place. `sampled`: the window's own tokens so far. A
    /// prefix is the first of them: rules for a window's beginning are for what it begins with. After text,
    /// the end may not follow a timestamp before `earliest_end`: 0 where it may follow any.
    Candidates apply(std::span<float> logits, std::span<const Token> sampled, Token earliest_end = 0) const;

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
    size_t first_timestamps_;        // how many of them may come first
    std::vector<Token> suppressed_;  // always
    std::vector<Token> blank_;       // as the first token
};

}  // namespace npuscribe
