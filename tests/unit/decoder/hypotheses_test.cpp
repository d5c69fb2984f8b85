// Searches over trellises small enough to be worked out by hand (the sums stand beside each).
#include "decoder/hypotheses.h"

#include <cmath>
#include <map>

#include "base/error.h"
#include "catch.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr Token b = 1, c = 2, d = 3, e = 4, f = 5;

/// Probabilities of the next token after a text.
using Trellis = std::map<std::vector<Token>, std::map<Token, double>>;

/// b or c; b goes on to d or e, c mostly ends.
const Trellis kTrellis = {
    {{}, {{b, 0.6}, {c, 0.4}}},     {{b}, {{d, 0.5}, {e, 0.3}, {kEot, 0.2}}},
    {{c}, {{kEot, 0.9}, {d, 0.1}}}, {{b, d}, {{f, 0.5}, {kEot, 0.5}}},
    {{b, e}, {{kEot, 1.0}}},        {{b, d, f}, {{kEot, 1.0}}},
};

DecodingOptions plain() {
    DecodingOptions options;
    options.without_timestamps = true;
    return options;
}

void write_logits(const Trellis& trellis, const std::vector<Token>& text, std::span<float> logits) {
    std::fill(logits.begin(), logits.end(), -30.0F);
    const auto next = trellis.find(text);
    if (next == trellis.end()) {
        logits[kEot] = 0;
        return;
    }
    for (const auto& [token, p] : next->second)
        logits[static_cast<size_t>(token)] = static_cast<float>(std::log(p));
}

Hypothesis search(const DecodingOptions& options, double temperature = 0, const Trellis& trellis = kTrellis,
                  SampleKey key = {}, size_t max_tokens = 20) {
    const LogitRules rules(small_vocabulary(), options);
    Hypotheses hypotheses(options, {temperature, max_tokens, key, kEot});
    std::vector<float> logits(kVocabulary);
    while (!hypotheses.done()) {
        std::vector<std::vector<Choice>> choices;
        for (size_t i = 0; i < hypotheses.live().size(); ++i) {
            write_logits(trellis, hypotheses.live()[i].tokens, logits);
            choices.push_back(hypotheses.choose(i, rules, logits));
        }
        hypotheses.advance(choices);
    }
    return hypotheses.best();
}

}  // namespace

TEST_CASE("Greedy takes the likeliest token each time, the end's probability included") {
    const Trellis trellis = {
        {{}, {{b, 0.6}, {c, 0.4}}}, {{b}, {{d, 0.7}, {kEot, 0.3}}}, {{b, d}, {{kEot, 0.8}, {f, 0.2}}}};
    const Hypothesis best = search(plain(), 0, trellis);
    CHECK(best.tokens == std::vector<Token>{b, d});
    CHECK(best.sum_logprob == Approx(std::log(0.6 * 0.7 * 0.8)));
}

TEST_CASE("Greedy stops after as many tokens as it may sample, without the end's probability") {
    const Hypothesis best = search(plain(), 0, kTrellis, {}, 2);
    CHECK(best.tokens == std::vector<Token>{b, d});
    CHECK(best.sum_logprob == Approx(std::log(0.6 * 0.5)));
}

TEST_CASE("A beam of two finds what greedy misses") {
    // Step 1: b .6, c .4. Step 2: c ends .36; b d .30 and b e .18 go on. Step 3: b e ends .18, and that makes
    // two. By mean log-probability a token: b e log(.18)/2 = −0.857 beats c log(.36)/1 = −1.022.
    DecodingOptions options = plain();
    options.beam_size = 2;
    const Hypothesis best = search(options);
    CHECK(best.tokens == std::vector<Token>{b, e});
    CHECK(best.sum_logprob == Approx(std::log(0.18)));
}

TEST_CASE("A length penalty ranks by Google's formula") {
    // alpha 1: c log(.36) / (6/6) = −1.022; b e log(.18) / (7/6) = −1.470.
    DecodingOptions options = plain();
    options.beam_size = 2;
    options.length_penalty = 1.0;
    CHECK(search(options).tokens == std::vector<Token>{c});
}

TEST_CASE("Patience says how many finished beams end the search") {
    DecodingOptions options = plain();
    options.beam_size = 2;
    // 0.5 · 2: one is enough. After step 2 only c has finished; b d, the better of the unfinished, competes
    // with it: log(.30)/2 = −0.602 against −1.022.
    options.patience = 0.5;
    const Hypothesis impatient = search(options);
    CHECK(impatient.tokens == std::vector<Token>{b, d});
    CHECK(impatient.sum_logprob == Approx(std::log(0.30)));
    // 2 · 2: four. c .36, b e .18, b d .15 and then b d f .15 finish; log(.15)/3 = −0.632 is best.
    options.patience = 2;
    const Hypothesis patient = search(options);
    CHECK(patient.tokens == std::vector<Token>{b, d, f});
    CHECK(patient.sum_logprob == Approx(std::log(0.15)));
}

TEST_CASE("Beams that may not go on compete unfinished") {
    // After two tokens: c has finished with .36; b d .30 fills the beam: −0.602 wins.
    DecodingOptions options = plain();
    options.beam_size = 2;
    CHECK(search(options, 0, kTrellis, {}, 2).tokens == std::vector<Token>{b, d});
}

TEST_CASE("A beam says which parent each hypothesis goes on from") {
    DecodingOptions options = plain();
    options.beam_size = 2;
    const LogitRules rules(small_vocabulary(), options);
    Hypotheses hypotheses(options, {0, 20, {}, kEot});
    std::vector<float> logits(kVocabulary);
    for (int step = 0; step < 2; ++step) {
        std::vector<std::vector<Choice>> choices;
        for (size_t i = 0; i < hypotheses.live().size(); ++i) {
            write_logits(kTrellis, hypotheses.live()[i].tokens, logits);
            choices.push_back(hypotheses.choose(i, rules, logits));
        }
        hypotheses.advance(choices);
    }
    REQUIRE(hypotheses.live().size() == 2);  // b d and b e: both from the first, b
    CHECK(hypotheses.live()[0].tokens == std::vector<Token>{b, d});
    CHECK(hypotheses.live()[1].tokens == std::vector<Token>{b, e});
    CHECK(hypotheses.live()[0].parent == 0);
    CHECK(hypotheses.live()[1].parent == 0);
}

TEST_CASE("Samples come as often as they are likely, at the temperature asked for") {
    DecodingOptions options = plain();
    options.best_of = 1;
    const Trellis trellis = {{{}, {{b, 0.8}, {c, 0.2}}}};
    const auto share_of_b = [&](double temperature) {
        int count = 0;
        for (uint64_t window = 0; window < 2000; ++window) {
            count +=
                search(options, temperature, trellis, {7, window, 1}).tokens == std::vector<Token>{b} ? 1 : 0;
        }
        return count / 2000.0;
    };
    // Standard error 0.009. At temperature 1/2 the odds are squared: .64 / (.64 + .04) = .941.
    CHECK(share_of_b(1.0) == Approx(0.8).margin(0.03));
    CHECK(share_of_b(0.5) == Approx(0.941).margin(0.03));
}

TEST_CASE("A sample's log-probability is the model's, not the temperature's") {
    DecodingOptions options = plain();
    options.best_of = 1;
    const Trellis trellis = {{{}, {{b, 0.8}, {c, 0.2}}}};
    const Hypothesis best = search(options, 0.5, trellis);
    const double p = best.tokens == std::vector<Token>{b} ? 0.8 : 0.2;
    CHECK(best.sum_logprob == Approx(std::log(p)).margin(1e-5));
}

TEST_CASE("Of many samples the likeliest is kept") {
    DecodingOptions options = plain();
    options.best_of = 40;  // the chance that none of them is b: 0.6^40
    const Trellis trellis = {{{}, {{b, 0.4}, {c, 0.35}, {d, 0.25}}}};
    CHECK(search(options, 1, trellis, {3, 0, 1}).tokens == std::vector<Token>{b});
}

TEST_CASE("The same key gives the same text, another key another text") {
    DecodingOptions options = plain();
    options.best_of = 1;
    Trellis trellis;
    std::map<Token, double> even;
    for (Token token = 1; token < 17; ++token) even[token] = 1 / 16.0;
    trellis[{}] = even;
    for (Token token = 1; token < 17; ++token) trellis[{token}] = even;
    std::map<std::vector<Token>, int> seen;
    for (uint64_t seed = 0; seed < 20; ++seed) {
        const auto words = search(options, 1, trellis, {seed, 4, 2}).tokens;
        CHECK(search(options, 1, trellis, {seed, 4, 2}).tokens == words);
        ++seen[words];
    }
    CHECK(seen.size() > 10);
}

TEST_CASE("Logits without a finite value are an error, not a token") {
    const DecodingOptions options = plain();
    const LogitRules rules(small_vocabulary(), options);
    const Hypotheses hypotheses(options, {0, 20, {}, kEot});
    std::vector<float> logits(kVocabulary, std::numeric_limits<float>::quiet_NaN());
    CHECK_THROWS_AS(hypotheses.choose(0, rules, logits), ModelError);
    std::fill(logits.begin(), logits.end(), -std::numeric_limits<float>::infinity());
    CHECK_THROWS_AS(hypotheses.choose(0, rules, logits), ModelError);
}
