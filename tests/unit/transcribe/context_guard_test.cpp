// Windows that are encoded no longer than they need, and again at 30 s where what came of it is not believed.
#include <algorithm>
#include <set>

#include "catch.h"
#include "unit/transcribe/pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

/// One second is encoded with four of silence: 250 frames, in whole blocks of 64.
constexpr size_t kShort = 256;

TranscribeOptions fitted(TranscribeOptions options = english()) {
    options.fit_audio_ctx = true;
    return options;
}

/// Where the level ends in a half, the window was shortened.
bool shortened(float level) {
    return level != std::floor(level);
}

/// As `spells`; but of these levels, where the context is shortened, one letter without end.
ScriptedModel::Script loops(std::set<int> levels) {
    return [levels](float level, std::span<const Token> history, std::span<float> logits) {
        const int whole = static_cast<int>(std::floor(level));
        const size_t i = history.size() > 1 ? sampled(history).size() : 0;
        if (history.size() > 1 && i > 0 && shortened(level) && levels.contains(whole)) {
            logits[static_cast<size_t>(letter(level))] = 10;
            return;
        }
        spells()(std::floor(level), history, logits);
    };
}

}  // namespace

TEST_CASE("A window is encoded as long as its sound and some silence") {
    Bench bench(spells(), fitted());
    bench.add("a", {0, 3, 1});
    bench.run();
    CHECK(bench.done.at(0).text() == "bbbeeeccc");
    CHECK(bench.frames == std::vector<size_t>(3, kShort));
    CHECK(bench.timing().encoder_frames == 3 * kShort);
    CHECK(bench.timing().context_guard == 0);
}

TEST_CASE("With the full context every window is as long as the model's") {
    TranscribeOptions options = english();
    options.fit_audio_ctx = false;
    Bench bench(spells(), options);
    bench.add("a", {0, 3});
    bench.run();
    CHECK(bench.frames == std::vector<size_t>(2, 1500));
    CHECK(bench.timing().encoder_frames == 3000);
}

TEST_CASE("A loop at a shortened context is decoded again at the full one before any fallback") {
    for (const size_t batch : {1U, 4U}) {
        Bench bench(loops({3}), fitted(), batch);
        bench.shortened_mark = 0.5;
        bench.add("a", {0, 3, 1});
        bench.add("b", {2});
        bench.run();
        CHECK(bench.done.at(0).text() == "bbbeeeccc");
        CHECK(bench.done.at(1).text() == "ddd");
        CHECK(std::count(bench.frames.begin(), bench.frames.end(), kShort) == 4);
        CHECK(std::count(bench.frames.begin(), bench.frames.end(), 1500) == 1);
        CHECK(bench.timings.at(0).context_guard == 1);
        CHECK(bench.timings.at(0).windows == 3);
        CHECK(bench.timings.at(0).encoder_frames == 3 * kShort + 1500);
        CHECK(bench.timings.at(1).context_guard == 0);
        CHECK(bench.timing().context_guard == 1);
        CHECK(bench.timing().fallbacks == 0);
        for (const Segment& segment : bench.done.at(0).segments) CHECK(segment.temperature == 0);
        // A second holds 20 tokens, so a loop ends with the 21st; the windows' own are 8 each.
        CHECK(bench.timings.at(0).tokens == 3 * 8 + 21);
    }
}

TEST_CASE("A window that also loops at the full context falls back there") {
    Bench bench(
        [](float level, std::span<const Token> history, std::span<float> logits) {
            const size_t i = sampled(history).size();
            logits[static_cast<size_t>(i == 0 ? at(0) : letter(level))] = 10;
        },
        fitted());
    bench.add("a", {0});
    bench.run();
    CHECK(bench.frames == std::vector<size_t>{kShort, 1500});
    CHECK(bench.timing().context_guard == 1);
    CHECK(bench.timing().fallbacks == 1);
}

TEST_CASE("Silence is only believed at the full context") {
    // Nothing is likely, whatever the context; that there is no speech is seen at the full one.
    for (const bool silent : {true, false}) {
        Bench bench(
            [silent](float level, std::span<const Token> history, std::span<float> logits) {
                if (history.back() == kTranscribe || history.back() == kSot) {
                    if (silent && !shortened(level)) logits[kNoSpeech] = 20;
                }
                for (Token token = 1; token < kMusic; ++token) logits[static_cast<size_t>(token)] = 10;
                if (history.back() == kTranscribe) logits[kTime0] = 30;
                if (sampled(history).size() > 5) logits[kEot] = 20;
            },
            fitted());
        bench.shortened_mark = 0.5;
        bench.add("a", {0});
        bench.run();
        CHECK(bench.timing().context_guard == 1);
        CHECK(bench.done.at(0).segments.empty() == silent);
    }
}

TEST_CASE("A refused window takes the language that the full context detects, and so do those after it") {
    std::set<Token> seen;  // languages in prompts of the window behind
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            const int whole = static_cast<int>(std::floor(level));
            if (history.size() == 1) {
                logits[static_cast<size_t>(shortened(level) ? kJapanese : kGerman)] = 10;
                if (whole == 1) logits[kGerman] = 10;  // the window behind might be either
                return;
            }
            if (whole == 1) seen.insert(history[1]);
            loops({0})(level, history, logits);
        },
        fitted({}));
    bench.shortened_mark = 0.5;
    bench.add("a", {0, 1});
    bench.run();
    CHECK(bench.done.at(0).language == "de");
    CHECK(bench.done.at(0).text() == "bbbccc");
    CHECK(seen == std::set<Token>{kGerman});
    CHECK(bench.timing().context_guard == 1);
}

TEST_CASE("A refused window keeps the prompt that it had") {
    std::vector<std::vector<Token>> prompts;  // of the first window, each time
    TranscribeOptions options = fitted();
    options.initial_prompt = "hi";
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            const auto sot = std::find(history.begin(), history.end(), kSot);
            if (std::floor(level) == 0 && sampled(history).empty())
                prompts.emplace_back(history.begin(), sot);
            loops({0})(level, history, logits);
        },
        options);
    bench.shortened_mark = 0.5;
    bench.add("a", {0, 1, 2, 3});
    bench.run();
    CHECK(bench.done.at(0).text() == "bbbcccdddeee");
    REQUIRE(prompts.size() >= 2);
    for (const auto& prompt : prompts) CHECK(prompt == std::vector<Token>{kSotPrev, kBlank, 7, 8});
}

TEST_CASE("Sequential windows wait for the one that is decoded again") {
    TranscribeOptions options = fitted();
    options.vad = false;
    Bench bench(loops({1}), options);
    bench.shortened_mark = 0.5;
    bench.add("a", {0, 1, 2});
    bench.run();
    CHECK(bench.done.at(0).text() == "bbbcccddd");
    CHECK(bench.frames == std::vector<size_t>{kShort, kShort, 1500, kShort});
}

TEST_CASE("Text after the end of the sound is dropped at a shortened context") {
    // The sound is one second long; what starts after it is heard in the silence that was encoded with it.
    Bench bench(
        [](float level, std::span<const Token> history, std::span<float> logits) {
            next_token(history, {at(0), letter(level), at(100), at(250), 9, at(400)}, logits);
        },
        fitted());
    bench.add("a", {0});
    bench.run();
    CHECK(bench.done.at(0).text() == "b");
    CHECK(bench.timing().context_guard == 0);
}

TEST_CASE("A timestamp beyond what was encoded is not believed") {
    // 256 frames are 5.12 s.
    Bench bench(
        [](float level, std::span<const Token> history, std::span<float> logits) {
            const Token end = shortened(level) ? at(514) : at(100);
            next_token(history, {at(0), letter(std::floor(level)), end}, logits);
        },
        fitted());
    bench.shortened_mark = 0.5;
    bench.add("a", {0});
    bench.run();
    CHECK(bench.done.at(0).text() == "b");
    CHECK(bench.timing().context_guard == 1);
}
