// What the decoder is told of the text before a window.
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
    options.decoding.initial_prompt = "hi";
    for (const bool vad : {true, false}) {
        options.vad = vad;
        auto prompts = prompts_seen(options);
        CHECK(prompts[0] == std::vector<Token>{kSotPrev, kBlank, 7, 8});
        CHECK(prompts[1].empty());
        CHECK(prompts[2].empty());
    }
}

TEST_CASE("A carried prompt comes before every window, in front of what conditions it") {
    TranscribeOptions options = english();
    options.decoding.initial_prompt = "hi";
    const auto first = prompts_seen(options).at(0);
    REQUIRE(first.size() > 1);
    options.decoding.carry_initial_prompt = true;
    auto prompts = prompts_seen(options);
    for (const int level : {0, 1, 2}) CHECK(prompts.at(level) == first);
    options.decoding.condition_on_previous_text = true;
    prompts = prompts_seen(options);
    CHECK(prompts.at(0) == first);
    REQUIRE(prompts.at(2).size() > first.size());
    CHECK(std::equal(first.begin(), first.end(), prompts.at(2).begin()));
}

TEST_CASE("Hotwords come before every window, in front of the prompt") {
    TranscribeOptions options = english();
    options.decoding.hotwords = "hi";
    const auto prompts = prompts_seen(options);
    for (const int level : {0, 1, 2}) CHECK(prompts.at(level).size() > 1);
    CHECK(prompts.at(0) == prompts.at(2));
    options.decoding.initial_prompt = "ab";
    const auto both = prompts_seen(options);
    CHECK(std::equal(prompts.at(0).begin(), prompts.at(0).end(), both.at(0).begin()));
    CHECK(both.at(0).size() > prompts.at(0).size());
    CHECK(both.at(1) == prompts.at(1));
}

TEST_CASE("Where text conditions the next window, it comes before it, with and without voice activity") {
    TranscribeOptions options = english();
    options.decoding.initial_prompt = "hi";
    options.decoding.condition_on_previous_text = true;
    for (const bool vad : {true, false}) {
        options.vad = vad;
        auto prompts = prompts_seen(options);
        CHECK(prompts[1] == std::vector<Token>{kSotPrev, kBlank, 7, 8, at(0), 1, at(100)});
        CHECK(prompts[2] == std::vector<Token>{kSotPrev, kBlank, 7, 8, at(0), 1, at(100), at(0), 2, at(100)});
    }
}

TEST_CASE("A text that took a high temperature is not handed on") {
    TranscribeOptions options = english();
    options.decoding.condition_on_previous_text = true;
    options.decoding.temperatures = {0, 0.8};
    options.decoding.logprob_threshold = -0.5;  // one token of 18 as likely: −2.9 over four
    auto prompts = prompts_seen(options, 0);
    CHECK(prompts[1].empty());
    CHECK(prompts[2] == std::vector<Token>{kSotPrev, at(0), 2, at(100)});
}
