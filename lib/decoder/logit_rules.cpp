#include "decoder/logit_rules.h"

#include <algorithm>
#include <cmath>

#include "decoder/row_math.h"

namespace npuscribe {

namespace {

std::vector<Token> suppressed_tokens(const Vocabulary& vocabulary, const DecodingOptions& options) {
    std::vector<Token> tokens;
    for (const Token token : options.suppress_tokens) {
        if (token == -1) {
            tokens.insert(tokens.end(), vocabulary.non_speech.begin(), vocabulary.non_speech.end());
        } else {
            tokens.push_back(token);
        }
    }
    for (const Token token : {vocabulary.transcribe, vocabulary.translate, vocabulary.sot,
                              vocabulary.sot_prev, vocabulary.sot_lm, vocabulary.no_speech}) {
        tokens.push_back(token);
    }
    if (!options.without_timestamps) tokens.push_back(vocabulary.no_timestamps);
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    return tokens;
}

}  // namespace

bool Candidates::contains(Token token) const {
    const auto index = static_cast<size_t>(token);
    return (index >= text_begin && index < text_end) || (index >= time_begin && index < time_end);
}

LogitRules::LogitRules(const Vocabulary& vocabulary, const DecodingOptions& options)
    : eot_(vocabulary.eot),
      timestamp_begin_(vocabulary.timestamp_begin),
      size_(vocabulary.size),
      timestamps_(!options.without_timestamps),
      repetition_penalty_(static_cast<float>(options.repetition_penalty)),
      no_repeat_ngram_size_(static_cast<size_t>(std::max(0, options.no_repeat_ngram_size))),
      first_timestamps_(vocabulary.size - static_cast<size_t>(vocabulary.timestamp_begin)),
      suppressed_(suppressed_tokens(vocabulary, options)) {
    if (options.max_initial_timestamp) {
        const double last = std::nearbyint(*options.max_initial_timestamp / kTimestampSeconds);
        first_timestamps_ = static_cast<size_t>(std::min(last + 1, static_cast<double>(first_timestamps_)));
    }
    if (options.suppress_blank) {
        blank_ = vocabulary.blank;
        blank_.push_back(vocabulary.eot);
    }
}

void LogitRules::penalise_repetition(std::span<float> logits, std::span<const Token> sampled) const {
    std::vector<Token> text(sampled.begin(), sampled.end());
    std::sort(text.begin(), text.end());
    text.erase(std::unique(text.begin(), text.end()), text.end());
    for (const Token token : text) {
        if (token >= eot_) break;
        float& logit = logits[static_cast<size_t>(token)];
        logit = logit < 0 ? logit * repetition_penalty_ : logit / repetition_penalty_;
    }
}

void LogitRules::forbid_repeated_ngrams(std::span<float> logits, std::span<const Token> sampled) const {
    // Timestamps do not count: the same words at another time are still a repetition.
    std::vector<Token> text;
    for (const Token token : sampled) {
        if (token < eot_) text.push_back(token);
    }
    const size_t before = no_repeat_ngram_size_ - 1;  // tokens that the next one would complete
    if (text.size() < no_repeat_ngram_size_) return;
    const auto last = text.end() - static_cast<std::ptrdiff_t>(before);
    for (auto begin = text.begin(); begin != last; ++begin) {
        const auto next = begin + static_cast<std::ptrdiff_t>(before);
        if (std::equal(begin, next, last)) logits[static_cast<size_t>(*next)] = row::kMinusInfinity;
    }
}

Candidates LogitRules::timestamp_rules(std::span<const Token> sampled) const {
    const auto begin = static_cast<size_t>(timestamp_begin_);
    Candidates allowed{0, begin, begin, size_};
    if (sampled.empty()) {  // the first token is an early timestamp
        allowed.text_end = 0;
        allowed.time_end = begin + first_timestamps_;
        return allowed;
    }
    const bool last_was_timestamp = sampled.back() >= timestamp_begin_;
    const bool penultimate_was_timestamp =
        sampled.size() < 2 || sampled[sampled.size() - 2] >= timestamp_begin_;
    if (last_was_timestamp) {  // timestamps come in pairs, except directly before the end
        if (penultimate_was_timestamp) {
            allowed.time_end = allowed.time_begin;
            return allowed;
        }
        allowed.text_begin = static_cast<size_t>(eot_);
    }
    const auto latest =
        std::find_if(sampled.rbegin(), sampled.rend(), [this](Token t) { return t >= timestamp_begin_; });
    if (latest != sampled.rend()) {  // timestamps never go back, and a segment is longer than nothing
        const bool closing = last_was_timestamp && !penultimate_was_timestamp;
        allowed.time_begin = std::min(static_cast<size_t>(*latest) + (closing ? 0 : 1), size_);
    }
    return allowed;
}

Candidates LogitRules::apply(std::span<float> logits, std::span<const Token> sampled,
                             EarliestEnds ends) const {
    for (const Token token : suppressed_) logits[static_cast<size_t>(token)] = row::kMinusInfinity;
    // <|0.00|> alone says that there is no speech.
    if (timestamps_ && sampled.size() > 1 && sampled.back() >= timestamp_begin_) {
        const bool open = sampled[sampled.size() - 2] >= timestamp_begin_;
        if (sampled.back() < (open ? std::max(ends.any, ends.open) : ends.any))
            logits[static_cast<size_t>(eot_)] = row::kMinusInfinity;
    }
    if (sampled.empty()) {
        for (const Token token : blank_) logits[static_cast<size_t>(token)] = row::kMinusInfinity;
    }
    if (repetition_penalty_ != 1) penalise_repetition(logits, sampled);
    if (no_repeat_ngram_size_ > 0) forbid_repeated_ngrams(logits, sampled);
    if (!timestamps_) return {0, size_, size_, size_};

    Candidates allowed = timestamp_rules(sampled);
    if (allowed.text_begin < allowed.text_end && allowed.time_begin < allowed.time_end) {
        // A timestamp follows if all timestamps together are likelier than any single text token. OpenAI
        // compares after a log-softmax, whose normaliser is the same on both sides.
        const std::span<const float> row = logits;
        const double time = row::log_sum_exp(allowed.time(row));
        if (time > static_cast<double>(row::max(allowed.text(row)))) allowed.text_end = allowed.text_begin;
    }
    return allowed;
}

}  // namespace npuscribe
