// The rules as openai/whisper's whisper/decoding.py defines them, case by case, worked out by hand.
#include "decoder/logit_rules.h"

#include "base/error.h"
#include "catch.h"
#include "decoder/row_math.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

/// True where the token may be sampled after `sampled`, with the given logits.
class Rules {
  public:
    explicit Rules(const DecodingOptions& options = {}) : rules_(small_vocabulary(), options) {}
    Rules& after(std::vector<Token> sampled, std::vector<float> logits = std::vector<float>(kVocabulary, 0),
                 EarliestEnds ends = {}) {
        logits_ = std::move(logits);
        allowed_ = rules_.apply(logits_, sampled, ends);
        return *this;
    }
    bool allows(Token token) const {
        return allowed_.contains(token) && logits_[static_cast<size_t>(token)] > row::kMinusInfinity;
    }

  private:
    LogitRules rules_;
    std::vector<float> logits_;
    Candidates allowed_;
};

/// Logits in which text has the better of all 1,501 timestamps together.
std::vector<float> text_likelier() {
    std::vector<float> logits(kVocabulary, 0);
    for (size_t i = 0; i < static_cast<size_t>(kTime0); ++i) logits[i] = 20;
    return logits;
}

}  // namespace

TEST_CASE("The first token is a timestamp of at most one second") {
    Rules rules;
    rules.after({}, text_likelier());
    CHECK(rules.allows(at(0)));
    CHECK(rules.allows(at(100)));  // 1.0 s / 0.02 s = 50 steps, the 50th included
    CHECK_FALSE(rules.allows(at(102)));
    CHECK_FALSE(rules.allows(5));
    CHECK_FALSE(rules.allows(kEot));
}

TEST_CASE("If speech is known to go on, the text does not end at an earlier timestamp") {
    Rules rules;
    const auto ends = [&](std::vector<Token> sampled) {
        return rules.after(std::move(sampled), text_likelier(), {at(500), 0}).allows(kEot);
    };
    CHECK_FALSE(ends({at(0), 5, at(300)}));
    CHECK(rules.allows(at(300)));  // the next segment begins, now or later
    CHECK(rules.allows(at(900)));
    CHECK_FALSE(ends({at(0), 5, at(300), at(300)}));
    CHECK(rules.allows(5));
    CHECK(ends({at(0), 5, at(300), at(500)}));
    CHECK(ends({at(0), 5, at(500)}));
    CHECK(ends({at(0), 5}));  // nobody said when
    CHECK(ends({at(0)}));     // no speech at all
}

TEST_CASE("If speech is known to go on, the text does not end where it begins a segment, but may end one") {
    Rules rules;
    const auto ends = [&](std::vector<Token> sampled) {
        return rules.after(std::move(sampled), text_likelier(), {at(200), at(500)}).allows(kEot);
    };
    CHECK_FALSE(ends({at(0), 5, at(300), at(300)}));
    CHECK(rules.allows(5));
    CHECK(ends({at(0), 5, at(300)}));
    CHECK_FALSE(ends({at(0), 5, at(100)}));
    CHECK(ends({at(0), 5, at(300), at(500)}));
}

TEST_CASE("The latest first timestamp is an option") {
    DecodingOptions options;
    options.max_initial_timestamp = 0.3;
    CHECK(Rules(options).after({}).allows(at(30)));
    CHECK_FALSE(Rules(options).after({}).allows(at(32)));
    options.max_initial_timestamp.reset();
    CHECK(Rules(options).after({}).allows(at(3000)));
    options.max_initial_timestamp = 100;  // later than the window is long
    CHECK(Rules(options).after({}).allows(at(3000)));
}

TEST_CASE("After the opening timestamp comes text") {
    Rules rules;
    rules.after({at(0)});
    CHECK(rules.allows(5));
    CHECK(rules.allows(kEot));  // the blank rule holds for the very first token only
    CHECK_FALSE(rules.allows(at(0)));
    CHECK_FALSE(rules.allows(at(3000)));
}

TEST_CASE("After text comes text, the end, or a later timestamp") {
    Rules rules;
    rules.after({at(40), 5}, text_likelier());
    CHECK(rules.allows(6));
    CHECK(rules.allows(kEot));
    CHECK_FALSE(rules.allows(at(38)));
    CHECK_FALSE(rules.allows(at(40)));  // a segment is longer than nothing
    CHECK(rules.allows(at(42)));
}

TEST_CASE("After a closing timestamp comes the same one again, a later one, or the end") {
    Rules rules;
    rules.after({at(0), 5, at(200)}, text_likelier());
    CHECK_FALSE(rules.allows(6));
    CHECK(rules.allows(kEot));
    CHECK_FALSE(rules.allows(at(198)));
    CHECK(rules.allows(at(200)));
    CHECK(rules.allows(at(300)));
}

TEST_CASE("After a pair of timestamps comes text") {
    Rules rules;
    rules.after({at(0), 5, at(200), at(200)});
    CHECK(rules.allows(6));
    CHECK_FALSE(rules.allows(at(202)));
}

TEST_CASE("A timestamp follows if all timestamps together are likelier than any single text token") {
    // After <|0.00|> text, 1,500 timestamps may follow. With logits of 0 each they weigh log 1500 = 7.313.
    std::vector<float> logits(kVocabulary, -10);
    for (size_t i = static_cast<size_t>(kTime0); i < kVocabulary; ++i) logits[i] = 0;
    logits[7] = 7.30F;
    Rules rules;
    rules.after({at(0), 5}, logits);
    CHECK_FALSE(rules.allows(7));
    CHECK(rules.allows(at(200)));
    logits[7] = 7.33F;
    rules.after({at(0), 5}, logits);
    CHECK(rules.allows(7));
    CHECK(rules.allows(at(200)));
}

TEST_CASE("Only timestamps that may follow count in that sum") {
    // After a timestamp of 29.98 s and text, one is left: it weighs 0, and any text above that goes on.
    std::vector<float> logits(kVocabulary, -10);
    for (size_t i = static_cast<size_t>(kTime0); i < kVocabulary; ++i) logits[i] = 0;
    logits[7] = 0.1F;
    Rules rules;
    CHECK(rules.after({at(2998), 5}, logits).allows(7));
    logits[7] = -0.1F;
    CHECK_FALSE(rules.after({at(2998), 5}, logits).allows(7));
}

TEST_CASE("No timestamp follows the last one that there is") {
    Rules rules;
    rules.after({at(2900), 5, at(3000), at(3000), 6});
    CHECK(rules.allows(7));
    CHECK(rules.allows(kEot));
    CHECK_FALSE(rules.allows(at(3000)));
}

TEST_CASE("Special tokens and non-speech are never sampled") {
    Rules rules;
    rules.after({at(0), 5}, text_likelier());
    for (const Token token :
         {kSot, kTranslate, kTranscribe, kSotLm, kSotPrev, kNoSpeech, kNoTimestamps, kMusic}) {
        CHECK_FALSE(rules.allows(token));
    }
    DecodingOptions options;
    options.suppress_tokens = {5};  // without −1: music is free
    Rules other(options);
    other.after({at(0), 6}, text_likelier());
    CHECK(other.allows(kMusic));
    CHECK_FALSE(other.allows(5));
    CHECK_FALSE(other.allows(kSot));
}

TEST_CASE("Without timestamps only the first token has a rule: it is not blank") {
    DecodingOptions options;
    options.without_timestamps = true;
    Rules rules(options);
    rules.after({});
    CHECK_FALSE(rules.allows(kBlank));
    CHECK_FALSE(rules.allows(kEot));
    CHECK(rules.allows(5));
    rules.after({5});
    CHECK(rules.allows(kBlank));
    CHECK(rules.allows(kEot));
    options.suppress_blank = false;
    Rules blank(options);
    CHECK(blank.after({}).allows(kEot));
}

TEST_CASE("A repetition penalty lowers the logits of text that was said, and no others") {
    DecodingOptions options;
    options.repetition_penalty = 2;
    const LogitRules rules(small_vocabulary(), options);
    std::vector<float> logits(kVocabulary, 3);
    logits[6] = -3;
    rules.apply(logits, std::vector<Token>{at(0), 5, 6, 5, at(50)});
    CHECK(logits[5] == 1.5F);  // once, however often it was said
    CHECK(logits[6] == -6);
    CHECK(logits[7] == 3);
    CHECK(logits[static_cast<size_t>(at(50))] == 3);  // timestamps are not words
}

TEST_CASE("A token that would repeat an n-gram is forbidden") {
    DecodingOptions options;
    options.no_repeat_ngram_size = 3;
    Rules rules(options);
    rules.after({at(0), 5, 6, 7, at(50), at(50), 5, 6}, text_likelier());
    CHECK_FALSE(rules.allows(7));  // 5 6 7 was said, with timestamps in between or not
    CHECK(rules.allows(8));
    CHECK(rules.allows(5));
    rules.after({at(0), 5, 6}, text_likelier());
    CHECK(rules.allows(7));
    options.no_repeat_ngram_size = 1;
    Rules never_twice(options);
    never_twice.after({at(0), 5, 6}, text_likelier());
    CHECK_FALSE(never_twice.allows(5));
    CHECK_FALSE(never_twice.allows(6));
    CHECK(never_twice.allows(7));
}

TEST_CASE("The first n-gram may not be repeated either") {
    DecodingOptions options;
    options.no_repeat_ngram_size = 2;
    Rules rules(options);
    rules.after({at(0), 5, 5}, text_likelier());
    CHECK_FALSE(rules.allows(5));  // 5 5 was said
    CHECK(rules.allows(6));
}

TEST_CASE("Words make an n-gram even if a timestamp stands between them") {
    DecodingOptions options;
    options.no_repeat_ngram_size = 2;
    Rules rules(options);
    rules.after({at(0), 5, at(50), at(50), 6, 7, 5}, text_likelier());
    CHECK_FALSE(rules.allows(6));
}
