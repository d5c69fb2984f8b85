#pragma once
// The texts that one window might turn into, at one temperature: one (greedy), best_of (sampling), or
// beam_size of them. It knows nothing of caches and slots: `parent` tells the caller which ones to copy.
// openai/whisper, whisper/decoding.py: GreedyDecoder, BeamSearchDecoder, MaximumLikelihoodRanker. Beams that
// are equal at their ends are recombined, and those far below the best are pruned, as speech decoders do
// (hypothesis recombination: Ney and Ortmanns, "Dynamic programming search for continuous speech
// recognition", IEEE Signal Processing Magazine, 1999; pruning: Freitag and Al-Onaizan, "Beam search
// strategies for neural machine translation", 2017).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "decoder/logit_rules.h"
#include "decoder/options.h"

namespace npuscribe {

/// A token that might come next.
struct Choice {
    Token token = 0;
    double logprob = 0;
    int frame = -1;  // of the audio at which it was looked for; −1: not known
};

struct Hypothesis {
    std::vector<Token> tokens;         // the prefix, then those sampled, without the end token
    std::vector<float> probabilities;  // of each; 1 for the prefix's
    std::vector<int> frames;           // of each: Choice::frame
    double sum_logprob = 0;            // of those sampled, and of the end token if there is one
    size_t parent = 0;                 // the index it had in `live` before the last token
    size_t sample = 0;                 // which of best_of
};

/// Where random numbers come from: the same key gives the same text, whatever else runs in the batch.
struct SampleKey {
    uint64_t seed = 0;
    uint64_t window = 0;
    uint64_t attempt = 0;
};

/// One attempt at a window.
struct Attempt {
    double temperature = 0;
    size_t max_tokens = 0;  // most tokens sampled
    SampleKey key = {};
    Token eot = 0;
    std::span<const Token> prefix = {};  // what every text begins with
    EarliestEnds earliest_ends = {};
};

class Hypotheses {
  public:
    /// The search of one attempt: at temperature 0 beams if beam_size > 1, else one greedy hypothesis; above
    /// 0 best_of samples.
    Hypotheses(const DecodingOptions& options, const Attempt& attempt);

    /// Sequences needed at once.
    static size_t width(const DecodingOptions& options, double temperature);

    /// The unfinished texts. At the start there is one, the bare prefix, shared by all.
    const std::vector<Hypothesis>& live() const { return live_; }
    bool done() const { return live_.empty(); }

    /// The choices that the logits after live()[index] leave to the search. Changes `logits` and nothing
    /// else, so that several threads may work on different rows. Throws ModelError if no token may be
    /// sampled.
    std::vector<Choice> choose(size_t index, const LogitRules& rules, std::span<float> logits) const;

    /// Advances by one token; `choices[i]` belong to live()[i].
    void advance(std::span<const std::vector<Choice>> choices);

    /// The best of the finished texts, once done().
    const Hypothesis& best() const;

  private:
    void advance_samples(std::span<const std::vector<Choice>> choices);
    void advance_beams(std::span<const std::vector<Choice>> choices);
    void finish(Hypothesis hypothesis, double sum_logprob);
    bool recombines(const Hypothesis& hypothesis, Token last, std::span<const Hypothesis> better) const;
    double uniform(size_t sample) const;

    double temperature_;
    size_t width_;
    bool beams_;
    size_t max_candidates_;  // finished beams that end the search: beam_size · patience
    size_t recombination_;   // see DecodingOptions, as the threshold
    double threshold_;       // infinity: none
    std::optional<double> length_penalty_;
    size_t max_tokens_;
    SampleKey key_;
    Token eot_;
    size_t prefix_;  // tokens of it
    EarliestEnds earliest_ends_;
    size_t length_ = 0;  // tokens sampled so far, in each
    std::vector<Hypothesis> live_;
    std::vector<Hypothesis> finished_;
};

}  // namespace npuscribe
