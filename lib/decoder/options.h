#pragma once
// Options of the search for a window's text, under openai-whisper's names and with the defaults of its
// command line (whisper/decoding.py, whisper/transcribe.py).

#include <cstdint>
#include <optional>
#include <vector>

#include "model/token.h"

namespace npuscribe {

struct DecodingOptions {
    /// Tried in turn until a result is accepted.
    std::vector<double> temperatures = {0.0, 0.2, 0.4, 0.6, 0.8, 1.0};
    int beam_size = 5;      // at temperature 0; 1 is greedy
    int best_of = 5;        // samples at a temperature above 0
    double patience = 1.0;  // beam search ends with beam_size · patience finished texts
    /// If the last tokens of two beams are equal, this many of them, only the likelier beam is kept: both
    /// would go on alike, and the other takes the place of a different text. 0: all are kept, as OpenAI does.
    int beam_recombination = 8;
    /// A beam is dropped if its log-probability (natural, summed over its tokens) is more than this below
    /// that of the best unfinished beam. Finished ones do not count, because a short end can be likelier than
    /// any long text. Nothing: no beam is dropped, as OpenAI does.
    std::optional<double> beam_threshold = 3.0;
    std::optional<double> length_penalty;  // nothing: the mean log-probability ranks the texts
    uint64_t seed = 0;                     // of sampling: the same seed gives the same text

    // A result is decoded again at the next temperature if its compression ratio is above the first threshold
    // or its mean log-probability below the second. A window is silent if its probability of no speech is
    // above the third and its log-probability is low.
    std::optional<double> compression_ratio_threshold = 2.4;
    std::optional<double> logprob_threshold = -1.0;
    std::optional<double> no_speech_threshold = 0.6;

    bool without_timestamps = false;
    std::optional<double> max_initial_timestamp = 1.0;  // seconds
    bool suppress_blank = true;
    std::vector<Token> suppress_tokens = {-1};  // −1: the tokenizer's non-speech tokens
    int max_tokens = 224;                       // sampled in a window: n_text_ctx / 2
    /// Above 1, text that this window has already becomes less likely: its logits are divided by the penalty,
    /// or multiplied if negative (Keskar et al. 2019, as CTranslate2 has it).
    double repetition_penalty = 1;
    int no_repeat_ngram_size = 0;  // never repeat an n-gram of this many tokens in a window; 0: off

    bool word_timestamps = false;  // find DecodingResult::text_times
};

}  // namespace npuscribe
