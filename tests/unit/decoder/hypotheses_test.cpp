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

/// OpenAI's search: no beam is dropped, and there is one unless a test asks for more.
DecodingOptions plain() {
    DecodingOptions options;
    options.without_timestamps = true;
    options.beam_size = 1;
    options.beam_recombination = 0;
    options.beam_threshold = std::nullopt;
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

/// A beam search to be looked at step by step.
class Beams {
  public:
    Beams(const DecodingOptions& options, const Trellis& trellis, std::span<const Token> prefix = {})
        : rules_(small_vocabulary(), options),
          trellis_(trellis),
          hypotheses_(options, {0, 20, {}, kEot, prefix}) {}
    void step() {
        std::vector<float> logits(kVocabulary);
        std::vector<std::vector<Choice>> choices;
        for (size_t i = 0; i < hypotheses_.live().size(); ++i) {
            write_logits(trellis_, hypotheses_.live()[i].tokens, logits);
            choices.push_back(hypotheses_.choose(i, rules_, logits));
        }
        hypotheses_.advance(choices);
    }
    const Hypotheses& hypotheses() const { return hypotheses_; }
    std::vector<std::vector<Token>> live() const {
        std::vector<std::vector<Token>> texts;
        for (const Hypothesis& hypothesis : hypotheses_.live()) texts.push_back(hypothesis.tokens);
        return texts;
    }

  private:
    LogitRules rules_;
    const Trellis& trellis_;
    Hypotheses hypotheses_;
};

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

TEST_CASE("The formula's constant decides between texts whose scores are close") {
    // alpha 1: c log(.36) / (6/6) = −1.0217; b e log(.307) / (7/6) = −1.0122. With a constant of 6 in place
    // of 5: −0.8757 and −0.8857.
    const Trellis trellis = {{{}, {{b, 0.6}, {c, 0.4}}},
                             {{b}, {{e, 0.307 / 0.6}, {d, 0.2}}},
                             {{c}, {{kEot, 0.9}, {d, 0.1}}},
                             {{b, e}, {{kEot, 1.0}}}};
    DecodingOptions options = plain();
    options.beam_size = 2;
    options.length_penalty = 1.0;
    CHECK(search(options, 0, trellis).tokens == std::vector<Token>{b, e});
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

TEST_CASE("Unfinished beams compete only if fewer texts than beams have finished") {
    // Patience asks for four, but two tokens are all there are: c .36 and b .30 have ended, which are as many
    // as beams. b d .18 has the better mean, log(.18)/2 = −0.857 against −1.022, and may not compete.
    const Trellis trellis = {
        {{}, {{b, 0.6}, {c, 0.4}}}, {{b}, {{kEot, 0.5}, {d, 0.3}, {e, 0.2}}}, {{c}, {{kEot, 0.9}, {d, 0.1}}}};
    DecodingOptions options = plain();
    options.beam_size = 2;
    options.patience = 2;
    CHECK(search(options, 0, trellis, {}, 2).tokens == std::vector<Token>{c});
}

TEST_CASE("Beams are ordered by the probability of their whole text") {
    // b d .45, b e .27, and c f .10, whose last token is the likeliest of all.
    const Trellis trellis = {
        {{}, {{b, 0.9}, {c, 0.1}}}, {{b}, {{d, 0.5}, {e, 0.3}, {f, 0.2}}}, {{c}, {{f, 1.0}}}};
    DecodingOptions options = plain();
    options.beam_size = 2;
    Beams beams(options, trellis);
    beams.step();
    beams.step();
    CHECK(beams.live() == std::vector<std::vector<Token>>{{b, d}, {b, e}});
}

TEST_CASE("A given prefix does not count in the length of a text") {
    // The same search as without it: b e has the better mean, −0.857 against c's −1.022. If the prefix
    // counted, c's would be −0.511, and b e's −0.572.
    Trellis trellis;
    for (const auto& [text, next] : kTrellis) {
        std::vector<Token> behind = {f};
        behind.insert(behind.end(), text.begin(), text.end());
        trellis[behind] = next;
    }
    DecodingOptions options = plain();
    options.beam_size = 2;
    const std::vector<Token> prefix = {f};
    Beams beams(options, trellis, prefix);
    while (!beams.hypotheses().done()) beams.step();
    CHECK(beams.hypotheses().best().tokens == std::vector<Token>{f, b, e});
}

TEST_CASE("A beam says which parent each hypothesis goes on from") {
    DecodingOptions options = plain();
    options.beam_size = 2;
    Beams beams(options, kTrellis);
    beams.step();
    beams.step();
    // Both are from the first, b.
    CHECK(beams.live() == std::vector<std::vector<Token>>{{b, d}, {b, e}});
    CHECK(beams.hypotheses().live()[0].parent == 0);
    CHECK(beams.hypotheses().live()[1].parent == 0);
}

TEST_CASE(
    "Of two beams whose last tokens are equal only the likelier goes on, and the next best takes its place") {
    // Step 3: c d e .36, b d e .30, b d f .30, c d f .04. Step 4, if b d e lives: c d e ends with .216, b d e
    // with .18, and that makes two: log(.216)/3 = −0.511 is best. If b d f has its place: that ends with .30,
    // and log(.30)/3 = −0.401.
    const Trellis trellis = {
        {{}, {{b, 0.6}, {c, 0.4}}},
        {{b}, {{d, 1.0}}},
        {{c}, {{d, 1.0}}},
        {{b, d}, {{e, 0.5}, {f, 0.5 - 1e-6}}},
        {{c, d}, {{e, 0.9}, {f, 0.1}}},
        {{b, d, e}, {{kEot, 0.6}, {b, 0.4}}},
        {{c, d, e}, {{kEot, 0.6}, {b, 0.4}}},
        {{b, d, f}, {{kEot, 1.0}}},
    };
    DecodingOptions options = plain();
    options.beam_size = 2;
    options.beam_recombination = 2;
    CHECK(search(options, 0, trellis).tokens == std::vector<Token>{b, d, f});
    for (const int none_are_equal : {0, 3, 4}) {
        options.beam_recombination = none_are_equal;
        CHECK(search(options, 0, trellis).tokens == std::vector<Token>{c, d, e});
    }
}

TEST_CASE("Beams recombine by the tokens that they sampled, not by the prefix that all of them have") {
    // b and c both follow the prefix e: that their texts begin alike is no reason to drop one.
    const Trellis trellis = {{{e}, {{b, 0.6}, {c, 0.4}}}, {{e, b}, {{kEot, 1.0}}}, {{e, c}, {{kEot, 1.0}}}};
    DecodingOptions options = plain();
    options.beam_size = 2;
    options.beam_recombination = 1;
    const std::vector<Token> prefix = {e};
    Beams beams(options, trellis, prefix);
    beams.step();
    CHECK(beams.live() == std::vector<std::vector<Token>>{{e, b}, {e, c}});
}

TEST_CASE("Beams too far below the best one are dropped") {
    // ln(.9 / .1) = 2.197.
    const Trellis trellis = {{{}, {{b, 0.9}, {c, 0.1}}}};
    DecodingOptions options = plain();
    options.beam_size = 2;
    for (const auto& [threshold, count] : {std::pair(2.1, 1), std::pair(2.3, 2)}) {
        options.beam_threshold = threshold;
        Beams beams(options, trellis);
        beams.step();
        CHECK(beams.live().size() == static_cast<size_t>(count));
    }
}

TEST_CASE("Each beam is held against the best one, and not against the one before it") {
    // ln(.7 / .2) = 1.253, ln(.7 / .1) = 1.946, ln(.2 / .1) = 0.693.
    const Trellis trellis = {{{}, {{b, 0.7}, {c, 0.2}, {d, 0.1}}}};
    DecodingOptions options = plain();
    options.beam_size = 3;
    options.beam_threshold = 1.5;
    Beams beams(options, trellis);
    beams.step();
    CHECK(beams.live() == std::vector<std::vector<Token>>{{b}, {c}});
}

TEST_CASE("A text that has ended does not make the others look unlikely") {
    // b ends with .95. Of what goes on, b d .04 is best, and b e .01 is ln 4 = 1.386 below that.
    const Trellis trellis = {{{}, {{b, 1.0}}}, {{b}, {{kEot, 0.95}, {d, 0.04}, {e, 0.01}}}};
    DecodingOptions options = plain();
    options.beam_size = 2;
    options.beam_threshold = 1.5;
    Beams beams(options, trellis);
    beams.step();
    beams.step();
    CHECK(beams.live() == std::vector<std::vector<Token>>{{b, d}, {b, e}});
}

TEST_CASE("The place of a dropped beam stays empty: no unlikely end takes it") {
    // Two beams have places for d .6 and e .3; the end, .1, comes third. If it took the place of e, this one
    // text would end the search, by a patience of 0.5.
    const Trellis trellis = {{{}, {{b, 1.0}}}, {{b}, {{d, 0.6}, {e, 0.3}, {kEot, 0.1}}}};
    DecodingOptions options = plain();
    options.beam_size = 2;
    options.patience = 0.5;
    options.beam_threshold = 0.5;
    Beams beams(options, trellis);
    beams.step();
    beams.step();
    CHECK(beams.live() == std::vector<std::vector<Token>>{{b, d}});
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

TEST_CASE("Timestamps are sampled as often as they are likely, too") {
    DecodingOptions options = plain();
    options.without_timestamps = false;
    options.best_of = 1;
    const LogitRules rules(small_vocabulary(), options);
    const std::vector<Token> prefix = {at(0), b};
    std::map<Token, int> count;
    for (uint64_t window = 0; window < 2000; ++window) {
        const Hypotheses hypotheses(options, {1, 20, {7, window, 1}, kEot, prefix});
        std::vector<float> logits(kVocabulary, -30.0F);
        logits[c] = std::log(0.6F);
        logits[static_cast<size_t>(at(10))] = logits[static_cast<size_t>(at(20))] = std::log(0.2F);
        ++count[hypotheses.choose(0, rules, logits).front().token];
    }
    // Standard errors 0.011 and 0.009.
    CHECK(count[c] / 2000.0 == Approx(0.6).margin(0.04));
    CHECK(count[at(10)] / 2000.0 == Approx(0.2).margin(0.03));
    CHECK(count[at(20)] / 2000.0 == Approx(0.2).margin(0.03));
}

TEST_CASE("Of many samples the likeliest is kept") {
    DecodingOptions options = plain();
    options.best_of = 40;  // the chance that none of them is b: 0.6^40
    const Trellis trellis = {{{}, {{b, 0.4}, {c, 0.35}, {d, 0.25}}}};
    CHECK(search(options, 1, trellis, {3, 0, 1}).tokens == std::vector<Token>{b});
}

TEST_CASE("Samples of one window draw different numbers for each of their tokens") {
    DecodingOptions options = plain();
    options.best_of = 8;
    std::map<Token, double> even;
    for (Token token = 1; token < 17; ++token) even[token] = 1 / 16.0;
    Trellis trellis = {{{}, even}};
    for (Token token = 1; token < 17; ++token) trellis[{token}] = even;
    const LogitRules rules(small_vocabulary(), options);
    Hypotheses hypotheses(options, {1, 20, {}, kEot});
    std::vector<float> logits(kVocabulary);
    std::map<Token, int> seconds;
    for (int step = 0; step < 2; ++step) {
        std::vector<std::vector<Choice>> choices;
        for (size_t i = 0; i < hypotheses.live().size(); ++i) {
            write_logits(trellis, hypotheses.live()[i].tokens, logits);
            choices.push_back(hypotheses.choose(i, rules, logits));
        }
        hypotheses.advance(choices);
    }
    for (const Hypothesis& hypothesis : hypotheses.live()) ++seconds[hypothesis.tokens.back()];
    CHECK(hypotheses.live().size() == 8);
    CHECK(seconds.size() >= 4);  // 8 draws of 16: fewer than 4 values have a chance below 1 in 1,000
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
