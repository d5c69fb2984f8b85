#pragma once
// The result of the search for one window's text.

#include <cstddef>
#include <string>
#include <vector>

#include "model/token.h"

namespace npuscribe {

struct DecodingResult {
    std::string language;              // code
    double language_probability = 1;   // of the detected language; 1 if it was given
    std::vector<Token> tokens;         // prefix, then what was sampled; timestamps, but no end token
    std::vector<float> probabilities;  // of each token, among those that the rules allowed; 1 for a prefix's
    /// The frame of the audio at which each token was looked for; −1: not known. Empty if not asked for.
    std::vector<int> frames;
    size_t prefix_tokens = 0;  // the first of `tokens`, which were given
    /// Where each text token begins, then where the last one ends, in seconds of the window, in order; empty
    /// if word times are not wanted, or there is no text.
    std::vector<double> text_times;
    double avg_logprob = 0;  // of the sampled tokens, like the ratio below: the prefix does not count
    double no_speech_prob = 0;
    double temperature = 0;
    double compression_ratio = 0;
    bool silence = false;  // the no-speech rule holds: the text is to be dropped
    int attempts = 1;      // temperatures tried
    bool refused = false;  // the window's ContextGuard does not hold: encode it at full length, decode again
};

}  // namespace npuscribe
