#pragma once
// What the search may be told, under openai-whisper's names and defaults (whisper/decoding.py,
// whisper/transcribe.py).

#include <optional>
#include <string>
#include <vector>

#include "model/tokenizer.h"

namespace npuscribe {

struct DecodingOptions {
    Task task = Task::transcribe;
    std::string language;  // a code; empty: detect

    std::vector<double> temperatures = {0.0, 0.2, 0.4,
                                        0.6, 0.8, 1.0};  // tried in turn until a result is accepted
    int beam_size = 1;                                   // at temperature 0; 1 is greedy
    int best_of = 5;                                     // samples at temperature > 0
    double patience = 1.0;
    std::optional<double> length_penalty;  // none: mean log-probability

    std::optional<double> compression_ratio_threshold = 2.4;  // above: again at the next temperature
    std::optional<double> logprob_threshold = -1.0;           // below: the same
    std::optional<double> no_speech_threshold = 0.6;          // above, with a low log-probability: silence

    bool without_timestamps = false;
    std::optional<double> max_initial_timestamp = 1.0;  // seconds
    bool suppress_blank = true;
    std::vector<Token> suppress_tokens = {-1};  // −1: the tokenizer's non-speech tokens
    int max_tokens = 224;                       // sampled tokens a window: n_text_ctx / 2
    bool condition_on_previous_text = false;    // it is what makes Whisper loop
    std::string initial_prompt;
    bool carry_initial_prompt = false;  // before every window, not the first alone
    std::string hotwords;               // words to expect: before every window, in front of other text
    /// What the first window of an input is made to begin with. It is part of the transcript, as in
    /// faster-whisper (openai-whisper's DecodingOptions.prefix leaves it out), with a probability of 1.
    std::string prefix;
    /// Above 1, what was said before becomes less likely: logits of text sampled in this window are divided
    /// by it, or multiplied where negative (Keskar et al. 2019, as CTranslate2 has it).
    double repetition_penalty = 1;
    int no_repeat_ngram_size = 0;  // so many words' pieces in a row never come twice in a window; 0: they may
    bool word_timestamps = false;  // DecodingResult::text_times is wanted
    uint64_t seed = 0;             // of sampling at temperature > 0; the same seed, the same words
};

/// One window's result.
struct DecodingResult {
    std::string language;              // code
    double language_probability = 1;   // of the detected language; 1 where it was given
    std::vector<Token> tokens;         // prefix, then what was sampled; timestamps, but no end token
    std::vector<float> probabilities;  // among what the rules allowed when it was sampled; a prefix's are 1
    size_t prefix_tokens = 0;          // of `tokens`, those in front that were given
    /// Where each text token begins, then where the last one ends, in seconds of the window, in order; empty
    /// where word times are not wanted, or there is no text.
    std::vector<double> text_times;
    double avg_logprob = 0;  // of what was sampled, as the ratio below: a prefix is nobody's guess
    double no_speech_prob = 0;
    double temperature = 0;
    double compression_ratio = 0;
    bool silence = false;  // the no-speech rule holds: no text is wanted
    int attempts = 1;      // temperatures tried
    bool refused = false;  // of a window with a guard: not believed, to be decoded again with all it can have
};

}  // namespace npuscribe
