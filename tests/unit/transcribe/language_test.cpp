// Files whose language changes: each window says what it is spoken in.
#include "catch.h"
#include "unit/transcribe/pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

/// How likely German is, beside English, at each level; and the language that each level's prompt had.
ScriptedModel::Script german(const std::map<int, double>& probabilities,
                             std::map<int, std::set<Token>>& prompts) {
    return [probabilities, &prompts](float level, std::span<const Token> history, std::span<float> logits) {
        const auto german = probabilities.find(static_cast<int>(level));
        if (history.size() == 1) {
            const double probability = german == probabilities.end() ? 0.01 : german->second;
            logits[kGerman] = static_cast<float>(std::log(probability));
            logits[kEnglish] = static_cast<float>(std::log(1 - probability));
            return;
        }
        const auto sot = std::find(history.begin(), history.end(), kSot);
        if (history.end() - sot > 1) prompts[static_cast<int>(level)].insert(sot[1]);
        spells()(level, history, logits);
    };
}

std::vector<std::string> languages(const Transcript& transcript) {
    std::vector<std::string> out;
    for (const Segment& segment : transcript.segments) {
        if (out.empty() || out.back() != segment.language) out.push_back(segment.language);
    }
    return out;
}

}  // namespace

TEST_CASE("Windows in another language are transcribed in it, and the file's language is that of most") {
    for (const size_t batch : {1U, 2U, 5U}) {
        std::map<int, std::set<Token>> prompts;
        Bench bench(german({{0, 0.02}, {1, 0.98}, {2, 0.97}, {3, 0.99}, {4, 0.01}}, prompts), {}, batch);
        bench.add("a", {0, 1, 2, 3, 4});
        bench.run();
        CHECK(languages(bench.done.at(0)) == std::vector<std::string>{"en", "de", "en"});
        CHECK(bench.done.at(0).language == "de");
        CHECK(bench.done.at(0).language_probability == Approx(0.98).epsilon(0.001));
        for (const int level : {0, 4}) CHECK(prompts[level] == std::set<Token>{kEnglish});
        for (const int level : {1, 2, 3}) CHECK(prompts[level] == std::set<Token>{kGerman});
    }
}

TEST_CASE("A window that is not clearly in another language stays in that of the window before it") {
    for (const size_t batch : {1U, 2U, 5U}) {
        std::map<int, std::set<Token>> prompts;
        // Level 1 follows English, level 3 German.
        Bench bench(german({{0, 0.02}, {1, 0.7}, {2, 0.97}, {3, 0.3}, {4, 0.02}}, prompts), {}, batch);
        bench.add("a", {0, 1, 2, 3, 4});
        bench.run();
        CHECK(prompts[1] == std::set<Token>{kEnglish});
        CHECK(prompts[3] == std::set<Token>{kGerman});
        CHECK(prompts[4] == std::set<Token>{kEnglish});
        CHECK(bench.done.at(0).language == "en");
        CHECK(bench.done.at(0).language_probability == Approx(0.98).epsilon(0.001));
    }
}

TEST_CASE("Sequential windows and those with previous text look at the language again, too") {
    for (const bool vad : {false, true}) {
        TranscribeOptions options;
        options.vad = vad;
        options.condition_on_previous_text = vad;
        std::map<int, std::set<Token>> prompts;
        Bench bench(german({{0, 0.98}, {1, 0.02}}, prompts), options);
        bench.add("a", {0, 1});
        bench.run();
        CHECK(languages(bench.done.at(0)) == std::vector<std::string>{"de", "en"});
    }
}

TEST_CASE("The windows of a file are compared with its own, not with those of the file beside it") {
    std::map<int, std::set<Token>> prompts;
    Bench bench(german({{0, 0.98}, {1, 0.4}, {2, 0.02}, {3, 0.6}}, prompts));
    bench.add("german", {0, 1});
    bench.add("english", {2, 3});
    bench.run();
    CHECK(bench.done.at(0).language == "de");
    CHECK(bench.done.at(0).language_probability == Approx(0.98).epsilon(0.001));
    CHECK(bench.done.at(1).language == "en");
    for (const int level : {0, 1}) CHECK(prompts[level] == std::set<Token>{kGerman});
    for (const int level : {2, 3}) CHECK(prompts[level] == std::set<Token>{kEnglish});
}

TEST_CASE("A language that was given holds for all windows") {
    std::map<int, std::set<Token>> prompts;
    Bench bench(german({{0, 0.99}, {1, 0.99}}, prompts), english());
    bench.add("a", {0, 1});
    bench.run();
    CHECK(languages(bench.done.at(0)) == std::vector<std::string>{"en"});
    CHECK(bench.done.at(0).language == "en");
    CHECK(bench.done.at(0).language_probability == 1);
}

TEST_CASE("What a window leaves over is in the language of the window") {
    std::map<int, std::set<Token>> prompts;
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            german({{0, 0.02}, {3, 0.99}}, prompts)(level, history, logits);
            if (level != 0 || history.size() == 1) return;
            std::fill(logits.begin(), logits.end(), -20.0F);
            next_token(history, {at(0), kBlank, 1, at(600)}, logits);
        },
        {});
    // After " b", which is looked for at 0.8 s, there is a hole: it looks German, but it is short.
    bench.window_seconds = 6;
    bench.hears_speech = true;
    bench.model().heads = 1;
    bench.add("a", {0, 3, 3, 3, 3, 3});
    bench.run();
    CHECK(bench.timing().coverage_guard > 0);
    CHECK(prompts[3] == std::set<Token>{kEnglish});
}
