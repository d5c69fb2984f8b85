// The part of the text before a window that the decoder is given.
#include <algorithm>
#include <map>

#include "catch.h"
#include "unit/transcribe/pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

/// Prompts as the decoder saw them, by level: the tokens before <|startoftranscript|>.
std::map<int, std::vector<Token>> prompts_seen(TranscribeOptions options, double low_probability_level = -1) {
    std::map<int, std::vector<Token>> prompts;
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            const auto sot = std::find(history.begin(), history.end(), kSot);
            prompts[static_cast<int>(level)].assign(history.begin(), sot);
            const Token x = letter(level);
            if (static_cast<double>(level) == low_probability_level && history.back() == at(0)) {
                for (Token token = 1; token < kMusic; ++token) logits[static_cast<size_t>(token)] = 10;
                return;
            }
            next_token(history, {at(0), x, at(100)}, logits);
        },
        options);
    bench.add("a", {0, 1, 2});
    bench.run();
    CHECK(bench.done.size() == 1);
    return prompts;
}

}  // namespace

TEST_CASE("The initial prompt comes before the first window only") {
    TranscribeOptions options = english();
    options.initial_prompt = "hi";
    for (const bool vad : {true, false}) {
        options.vad = vad;
        auto prompts = prompts_seen(options);
        CHECK(prompts[0] == std::vector<Token>{kSotPrev, kBlank, 7, 8});
        CHECK(prompts[1].empty());
        CHECK(prompts[2].empty());
    }
}

TEST_CASE("A carried prompt comes before every window, in front of the previous text") {
    TranscribeOptions options = english();
    options.initial_prompt = "hi";
    const auto first = prompts_seen(options).at(0);
    REQUIRE(first.size() > 1);
    options.carry_initial_prompt = true;
    auto prompts = prompts_seen(options);
    for (const int level : {0, 1, 2}) CHECK(prompts.at(level) == first);
    options.condition_on_previous_text = true;
    prompts = prompts_seen(options);
    CHECK(prompts.at(0) == first);
    REQUIRE(prompts.at(2).size() > first.size());
    CHECK(std::equal(first.begin(), first.end(), prompts.at(2).begin()));
}

TEST_CASE("Hotwords come before every window, in front of the prompt") {
    TranscribeOptions options = english();
    options.hotwords = "hi";
    const auto prompts = prompts_seen(options);
    for (const int level : {0, 1, 2}) CHECK(prompts.at(level).size() > 1);
    CHECK(prompts.at(0) == prompts.at(2));
    options.initial_prompt = "ab";
    const auto both = prompts_seen(options);
    CHECK(std::equal(prompts.at(0).begin(), prompts.at(0).end(), both.at(0).begin()));
    CHECK(both.at(0).size() > prompts.at(0).size());
    CHECK(both.at(1) == prompts.at(1));
}

TEST_CASE("Previous text comes before the next window if it is asked for, with and without voice activity") {
    TranscribeOptions options = english();
    options.initial_prompt = "hi";
    options.condition_on_previous_text = true;
    for (const bool vad : {true, false}) {
        options.vad = vad;
        auto prompts = prompts_seen(options);
        CHECK(prompts[1] == std::vector<Token>{kSotPrev, kBlank, 7, 8, at(0), 1, at(100)});
        CHECK(prompts[2] == std::vector<Token>{kSotPrev, kBlank, 7, 8, at(0), 1, at(100), at(0), 2, at(100)});
    }
}

TEST_CASE("A text that needed a high temperature does not prompt the next window") {
    TranscribeOptions options = english();
    options.condition_on_previous_text = true;
    options.decoding.temperatures = {0, 0.8};
    options.decoding.logprob_threshold = -0.5;  // one token of 18 as likely: −2.9 over four
    auto prompts = prompts_seen(options, 0);
    CHECK(prompts[1].empty());
    CHECK(prompts[2] == std::vector<Token>{kSotPrev, at(0), 2, at(100)});
}

namespace {

/// Two inputs of three windows each, which a decoder that begins with its level's letter hears.
struct Prefixed {
    explicit Prefixed(TranscribeOptions options, float mark = 0) {
        options.prefix = " hi ";
        options.fit_audio_ctx = mark > 0;
        Bench bench(
            [this](float level, std::span<const Token> history, std::span<float> logits) {
                if (sampled(history).empty() && history.size() > 1) ++unprefixed;
                const auto sot = std::find(history.begin(), history.end(), kSot);
                previous[static_cast<int>(level)].assign(history.begin(), sot);
                const auto text = sampled(history);
                const bool given = text.size() > 1 && text[1] == kBlank;
                const size_t i = text.size() - (given ? 3 : 0);
                if (level != std::floor(level) && i > 0) {  // a shortened window: a loop
                    logits[6] = 10;
                    return;
                }
                const std::vector<Token> said = {at(0), letter(std::floor(level)), at(100)};
                logits[static_cast<size_t>(i < said.size() ? said[i] : kEot)] = 10;
            },
            options);
        bench.shortened_mark = mark;
        bench.add("a", {0, 1, 2});
        bench.add("b", {3, 4, 5});
        bench.run();
        REQUIRE(bench.done.size() == 2);
        texts = {bench.done.at(0).text(), bench.done.at(1).text()};
        refused = bench.timing().context_guard;
    }

    std::vector<std::string> texts;
    std::map<int, std::vector<Token>> previous;  // by level
    size_t unprefixed = 0;                       // windows whose first token was sampled
    uint64_t refused = 0;
};

}  // namespace

TEST_CASE("A prefix begins the first window of each input, and is in its text") {
    TranscribeOptions options = english();
    for (const bool vad : {true, false}) {
        options.vad = vad;
        const Prefixed run(options);
        CHECK(run.texts == std::vector<std::string>{" hibcd", " hiefg"});
        CHECK(run.unprefixed == 4);
    }
}

TEST_CASE("A window that is encoded again keeps its prefix") {
    const Prefixed run(english(), 0.5);
    CHECK(run.refused == 6);
    CHECK(run.texts == std::vector<std::string>{" hibcd", " hiefg"});
}

TEST_CASE("A prefix is among the text that conditions the next window") {
    TranscribeOptions options = english();
    options.condition_on_previous_text = true;
    Prefixed run(options);
    CHECK(run.previous[0].empty());
    CHECK(run.previous[1] == std::vector<Token>{kSotPrev, at(0), kBlank, 7, 8, 1, at(100)});
}
