// The engine over a decoder whose logits are written down here.
#include "decoder/engine.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

/// Windows of an encoder whose output is one number: the window's own.
struct Window {
    float audio = 0;
    std::string language = "en";
    std::vector<Token> previous = {};
    std::optional<ContextGuard> guard = std::nullopt;
    Task task = Task::transcribe;
    std::vector<Token> hotwords = {};
};

struct Outcome {
    std::map<size_t, DecodingResult> results;
    std::map<size_t, DecodeCost> costs;
    std::vector<size_t> order;
    std::vector<std::string> languages;
    size_t most_in_flight = 0;
};

Outcome decode(ScriptedModel& model, const DecodingOptions& options, const std::vector<Window>& windows,
               std::vector<size_t> order = {}, ThreadPool* pool = nullptr, bool multilingual = true) {
    if (order.empty()) {
        for (size_t i = 0; i < windows.size(); ++i) order.push_back(i);
    }
    const Vocabulary vocabulary = small_vocabulary(multilingual);
    Outcome outcome;
    size_t next = 0;
    EngineCallbacks callbacks;
    callbacks.pull = [&]() -> std::optional<DecodeRequest> {
        if (next == order.size()) return std::nullopt;
        const size_t id = order[next++];
        const Window& window = windows[id];
        DecodeRequest request;
        request.id = request.sample_key = id;
        request.encoder_output = {&window.audio, 1, 1};
        request.prompt = {window.task, window.language, window.hotwords, window.previous};
        request.guard = window.guard;
        return request;
    };
    callbacks.sink = [&](size_t id, DecodingResult result, const DecodeCost& cost) {
        outcome.results[id] = std::move(result);
        outcome.costs[id] = cost;
        outcome.order.push_back(id);
    };
    callbacks.on_language = [&](size_t, const std::string& code, double) {
        outcome.languages.push_back(code);
    };
    DecodingEngine engine(model, vocabulary, options, pool, callbacks);
    size_t guard = 0;
    while (engine.step()) {
        outcome.most_in_flight = std::max(outcome.most_in_flight, engine.in_flight());
        REQUIRE(++guard < 100000);
    }
    CHECK(engine.in_flight() == 0);
    return outcome;
}

/// Says the text, then ends: each next token has the logit 10, all others −20.
ScriptedModel::Script says(std::vector<Token> text) {
    return [text](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size();
        logits[static_cast<size_t>(i < text.size() ? text[i] : kEot)] = 10;
    };
}

/// Logits that depend on every token before and on the audio, and on nothing else.
void random_logits(float audio, std::span<const Token> history, std::span<float> logits) {
    uint64_t x = 88172645463325252ULL + static_cast<uint64_t>(audio * 1000);
    for (const Token token : history) x = (x ^ static_cast<uint64_t>(token)) * 0x9E3779B97F4A7C15ULL;
    for (size_t i = 0; i < logits.size(); ++i) {
        x ^= x << 13U;
        x ^= x >> 7U;
        x ^= x << 17U;
        logits[i] = static_cast<float>(x >> 40U) / 16777216.0F * 6;
    }
    logits[kEot] += 4;
    for (size_t i = 0; i < static_cast<size_t>(kEot); ++i) logits[i] += 8;
}

std::vector<Window> many_windows(size_t count) {
    std::vector<Window> windows(count);
    for (size_t i = 0; i < count; ++i) {
        windows[i].audio = static_cast<float>(i);
        if (i % 3 == 1) windows[i].language.clear();
        if (i % 4 == 2) windows[i].previous.assign(5 + i, static_cast<Token>(i % 18));
    }
    return windows;
}

}  // namespace

TEST_CASE("A window's words come out as the decoder says them") {
    ScriptedModel model(5, 1, says({at(0), 5, 6, at(150)}));
    const Outcome outcome = decode(model, greedy(), {Window{}});
    const DecodingResult& result = outcome.results.at(0);
    CHECK(result.tokens == std::vector<Token>{at(0), 5, 6, at(150)});
    CHECK(result.language == "en");
    CHECK(result.language_probability == 1);
    CHECK(result.temperature == 0);
    CHECK(result.attempts == 1);
    CHECK(result.avg_logprob == Approx(0).margin(1e-6));
    // The prompt in one step, then one a token: the end token is the fifth.
    CHECK(model.steps == 5);
    CHECK(model.tokens_fed == 3 + 4);
    CHECK(outcome.costs.at(0).steps == 5);
    CHECK(outcome.costs.at(0).tokens == 5);
}

TEST_CASE("The decoder is shown the prompt: previous text, language, task") {
    std::vector<Token> seen;
    ScriptedModel model(5, 1, [&](float, std::span<const Token> history, std::span<float> logits) {
        seen.assign(history.begin(), history.end());
        logits[sampled(history).empty() ? kTime0 : kEot] = 10;
    });
    decode(model, greedy(), {Window{0, "de", {5, 6}, std::nullopt, Task::translate}});
    CHECK(seen == std::vector<Token>{kSotPrev, 5, 6, kSot, kGerman, kTranslate, at(0)});
}

TEST_CASE("An unknown language is detected from the start token alone, which is not fed again") {
    ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
        if (history.size() == 1) {
            REQUIRE(history[0] == kSot);
            logits[kJapanese] = 3;
            logits[kGerman] = 1;
            logits[kEnglish] = 1;
        } else {
            REQUIRE(history[1] == kJapanese);
            logits[sampled(history).empty() ? kTime0 : kEot] = 10;
        }
    });
    const Outcome outcome = decode(model, greedy(), {Window{0, ""}});
    CHECK(outcome.results.at(0).language == "ja");
    CHECK(outcome.results.at(0).language_probability == Approx(std::exp(2.0) / (std::exp(2.0) + 2)));
    CHECK(outcome.languages == std::vector<std::string>{"ja"});
    CHECK(model.tokens_fed == 4);  // start, language, task, <|0.00|>
}

TEST_CASE("A guarded window has one attempt, which ends at the first token too many") {
    ScriptedModel model(5, 1, says(std::vector<Token>(50, 5)));
    DecodingOptions options = greedy();
    options.without_timestamps = true;
    const Outcome outcome = decode(model, options, {Window{0, "", {}, ContextGuard{12, 30}}});
    const DecodingResult& result = outcome.results.at(0);
    CHECK(result.refused);
    CHECK(result.attempts == 1);
    CHECK(result.temperature == 0);
    CHECK(outcome.costs.at(0).tokens == 13);
    CHECK(outcome.languages.empty());  // nor is its language told
}

TEST_CASE("A guarded window whose result is believed is like any other window") {
    const auto script = [](float, std::span<const Token> history, std::span<float> logits) {
        const std::vector<Token> text = {at(0), 5, 6, at(150), kEot};
        logits[static_cast<size_t>(history.size() == 1 ? kGerman : text[sampled(history).size()])] = 10;
    };
    ScriptedModel model(5, 1, script);
    const Outcome outcome = decode(model, greedy(), {Window{0, "", {}, ContextGuard{12, 10}}});
    const DecodingResult& result = outcome.results.at(0);
    CHECK_FALSE(result.refused);
    CHECK(result.tokens == std::vector<Token>{at(0), 5, 6, at(150)});
    CHECK(outcome.languages == std::vector<std::string>{"de"});
}

TEST_CASE("With previous text the prompt starts over after detection") {
    ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
        if (history.size() == 1) {
            logits[kGerman] = 3;
        } else if (history.back() == kSot) {
            CHECK(std::vector<Token>(history.begin(), history.end()) ==
                  std::vector<Token>{kSotPrev, 5, kSot});
            logits[kNoSpeech] = 10;  // seen only with the text before it
        } else {
            logits[sampled(history).empty() ? kTime0 : kEot] = 10;
        }
    });
    const Outcome outcome = decode(model, greedy(), {Window{0, "", {5}}});
    CHECK(outcome.results.at(0).language == "de");
    CHECK(outcome.results.at(0).no_speech_prob == Approx(1).margin(1e-4));
}

TEST_CASE("With hotwords, too, the prompt starts over after detection") {
    std::vector<Token> seen;
    ScriptedModel model(5, 1, [&](float, std::span<const Token> history, std::span<float> logits) {
        seen.assign(history.begin(), history.end());
        if (history.size() == 1) {
            logits[kGerman] = 3;
        } else if (history.back() == kSot) {
            logits[kNoSpeech] = 10;
        } else {
            logits[sampled(history).empty() ? kTime0 : kEot] = 10;
        }
    });
    Window window{0, ""};
    window.hotwords = {kBlank, 5};
    const Outcome outcome = decode(model, greedy(), {window});
    CHECK(seen == std::vector<Token>{kSotPrev, kBlank, 5, kSot, kGerman, kTranscribe, at(0)});
    CHECK(outcome.results.at(0).no_speech_prob == Approx(1).margin(1e-4));
}

TEST_CASE("An English-only model is not asked for a language") {
    ScriptedModel model(5, 1, says({at(0), 5, at(100)}));
    const Outcome outcome = decode(model, greedy(), {Window{0, ""}}, {}, nullptr, false);
    CHECK(outcome.results.at(0).language == "en");
    CHECK(outcome.results.at(0).tokens == std::vector<Token>{at(0), 5, at(100)});
    CHECK(model.tokens_fed == 1 + 3);
}

TEST_CASE("The probability of no speech is read at the start token, before any rule") {
    for (const bool detect : {false, true}) {
        ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
            if (history.size() == 1) {
                // Of a softmax over everything: e^5 / (e^5 + e^4 + …). −20 each, the rest weighs 3e-6.
                logits[kNoSpeech] = 5;
                logits[kEnglish] = 4;
            } else {
                logits[kNoSpeech] = 30;
                logits[sampled(history).empty() ? kTime0 : kEot] = 10;
            }
        });
        const Outcome outcome = decode(model, greedy(), {Window{0, detect ? "" : "en"}});
        CHECK(outcome.results.at(0).no_speech_prob == Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-4));
    }
}

TEST_CASE("The text is the same whatever the batch size, order and threads") {
    const auto windows = many_windows(17);
    std::vector<size_t> backwards;
    for (size_t i = windows.size(); i-- > 0;) backwards.push_back(i);
    DecodingOptions greedy;
    greedy.temperatures = {0};
    DecodingOptions beams = greedy;
    beams.beam_size = 3;
    DecodingOptions sampling;
    sampling.best_of = 3;
    sampling.seed = 5;
    sampling.logprob_threshold = -0.2;  // the noise is never that sure of itself: everything falls back
    ThreadPool pool(3);
    for (const DecodingOptions& options : {greedy, beams, sampling}) {
        ScriptedModel alone(DecodingEngine::sequences_for(options, 1), 1, random_logits);
        const Outcome expected = decode(alone, options, windows);
        REQUIRE(expected.results.size() == windows.size());
        for (const size_t batch : {3U, 8U}) {
            for (const auto& order : {std::vector<size_t>{}, backwards}) {
                ScriptedModel model(DecodingEngine::sequences_for(options, batch), batch, random_logits);
                const Outcome outcome = decode(model, options, windows, order, &pool);
                CHECK(outcome.most_in_flight == batch);
                CHECK(model.steps < alone.steps);
                REQUIRE(outcome.results.size() == windows.size());
                for (const auto& [id, result] : expected.results) {
                    CHECK(outcome.results.at(id).tokens == result.tokens);
                    CHECK(outcome.results.at(id).avg_logprob == result.avg_logprob);
                    CHECK(outcome.results.at(id).temperature == result.temperature);
                    CHECK(outcome.results.at(id).language == result.language);
                }
            }
        }
    }
}

TEST_CASE("When one sequence ends, the next window takes its slot") {
    // Window 0 is long, the others short: they all pass while it is still being decoded.
    ScriptedModel model(2, 2, [](float audio, std::span<const Token> history, std::span<float> logits) {
        const size_t length = audio > 0 ? 2 : 30;
        const size_t i = sampled(history).size();
        logits[static_cast<size_t>(i == 0 ? at(0) : i < length ? static_cast<Token>(1 + i % 17) : kEot)] = 10;
    });
    DecodingOptions options = greedy();
    options.temperatures = {0};
    std::vector<Window> windows(6);
    for (size_t i = 1; i < windows.size(); ++i) windows[i].audio = 1;
    const Outcome outcome = decode(model, options, windows);
    CHECK(outcome.order == std::vector<size_t>{1, 2, 3, 4, 5, 0});
    CHECK(model.steps == 31);  // the long one's prompt and 30 tokens: nobody else took a step of his own
}

TEST_CASE("A text that repeats itself is decoded again at higher temperatures until it does not") {
    // Sampling cannot be scripted token by token: the decoder changes its mind after the first attempt.
    int attempts = 0;
    ScriptedModel model(5, 1, [&](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size();
        if (history.back() == kTranscribe) ++attempts;
        const Token loop = i < 45 ? 7 : kEot;
        const Token words = i < 6 ? static_cast<Token>(i) : kEot;
        logits[static_cast<size_t>(i == 0 ? at(0) : attempts < 3 ? loop : words)] = 40;
    });
    const Outcome outcome = decode(model, greedy(), {Window{}});
    const DecodingResult& result = outcome.results.at(0);
    CHECK(result.attempts == 3);
    CHECK(result.temperature == 0.4);
    CHECK(result.tokens == std::vector<Token>{at(0), 1, 2, 3, 4, 5});
    CHECK(result.compression_ratio < 2.4);
}

TEST_CASE("If every temperature fails, the last attempt is kept, as OpenAI does") {
    ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size();
        logits[static_cast<size_t>(i == 0 ? at(0) : i < 45 ? 7 : kEot)] = 40;
    });
    const Outcome outcome = decode(model, greedy(), {Window{}});
    CHECK(outcome.results.at(0).attempts == 6);
    CHECK(outcome.results.at(0).temperature == 1.0);
    CHECK(outcome.results.at(0).compression_ratio > 2.4);
}

TEST_CASE("An unlikely text over a silent window is silence at once") {
    ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
        if (history.size() == 1) logits[kNoSpeech] = 10;
        if (history.size() < 3) return;
        const size_t i = sampled(history).size();
        if (i == 0) {
            logits[kTime0] = 10;
        } else if (i < 8) {  // 18 words as likely as each other: −log 18 = −2.9 each
            for (size_t token = 1; token < static_cast<size_t>(kMusic); ++token) logits[token] = 10;
        } else {
            logits[kEot] = 10;
        }
    });
    const Outcome outcome = decode(model, greedy(), {Window{}});
    CHECK(outcome.results.at(0).silence);
    CHECK(outcome.results.at(0).attempts == 1);
    CHECK(outcome.results.at(0).avg_logprob < -1);
}

TEST_CASE("Windows that all fall back at once still finish, in as few sequences as one needs") {
    DecodingOptions options = greedy();
    options.logprob_threshold = 1;  // nothing is ever good enough
    ScriptedModel model(5, 8, random_logits);
    const Outcome outcome = decode(model, options, many_windows(12));
    CHECK(outcome.results.size() == 12);
    for (const auto& [id, result] : outcome.results) CHECK(result.attempts == 6);
}

TEST_CASE("Beams of several windows share the batch") {
    DecodingOptions options = greedy();
    options.beam_size = 4;
    options.temperatures = {0};
    ScriptedModel model(DecodingEngine::sequences_for(options, 3), 3, random_logits);
    const Outcome outcome = decode(model, options, many_windows(7));
    CHECK(outcome.most_in_flight == 3);
    CHECK(outcome.results.size() == 7);
}

TEST_CASE("Beams that keep their parents share nothing more") {
    // Two texts that differ in the first word and go on alike: they share the prompt when the beam opens, and
    // no sequence is given away after it.
    ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
        const auto text = sampled(history);
        if (text.empty()) {
            logits[1] = 10;
            logits[2] = 9;
        } else if (text.size() < 12) {
            logits[3 + text.size()] = 10;
        } else {
            logits[kEot] = 10;
        }
    });
    DecodingOptions options = greedy();
    options.beam_size = 2;
    options.beam_recombination = 0;
    options.without_timestamps = true;
    const Outcome outcome = decode(model, options, {Window{}});
    CHECK(outcome.results.at(0).tokens.size() == 12);
    CHECK(outcome.results.at(0).tokens.front() == 1);
    CHECK(model.shares == 1);
    CHECK(model.copies == 0);
}

TEST_CASE("Beams that were dropped take no rows of the decoder's step") {
    // Two first words, of which the second is 3 less likely: with a threshold of 2 the first goes on alone.
    const auto script = [](float, std::span<const Token> history, std::span<float> logits) {
        const auto text = sampled(history);
        if (text.empty()) logits[2] = 7;
        logits[text.size() < 6 ? 1 : static_cast<size_t>(kEot)] = 10;
    };
    DecodingOptions options;
    options.beam_size = 2;
    options.beam_recombination = 0;
    options.without_timestamps = true;
    for (const bool drop : {false, true}) {
        options.beam_threshold = drop ? std::optional(2.0) : std::nullopt;
        ScriptedModel model(5, 1, script);
        const Outcome outcome = decode(model, options, {Window{}});
        CHECK(outcome.results.at(0).tokens == std::vector<Token>(6, 1));
        // The prompt's four tokens, then six steps of two beams, which end together. Alone, the first has
        // ended when two unlikely texts, a row each, are still to be tried: the search wants two.
        CHECK(outcome.costs.at(0).rows == (drop ? 4 + 6 + 2 : 4 + 6 * 2));
        CHECK(model.tokens_fed == outcome.costs.at(0).rows);
    }
}

TEST_CASE("A decoder that never ends is stopped") {
    const auto endless = [](float, std::span<const Token> history, std::span<float> logits) {
        const auto text = sampled(history);
        logits[text.empty() ? static_cast<size_t>(kTime0) : 1 + text.size() * 7 % 17] = 10;
    };
    DecodingOptions options = greedy();
    options.temperatures = {0};
    for (const int beam_size : {1, 3}) {
        options.beam_size = beam_size;
        options.max_tokens = 20;
        ScriptedModel model(3, 1, endless);
        CHECK(decode(model, options, {Window{}}).results.at(0).tokens.size() == 20);
        // The text context holds 64: a prompt of 1 + 31 + 3 leaves 29, and the last token sampled need not
        // fit.
        options.max_tokens = 224;
        ScriptedModel full(3, 1, endless);
        const Window window{0, "en", std::vector<Token>(50, 5)};
        CHECK(decode(full, options, {window}).results.at(0).tokens.size() == 30);
    }
}

TEST_CASE("The prompts of one step stay within the rows that a step may have") {
    DecodingOptions options = greedy();
    options.temperatures = {0};
    std::vector<Window> windows(8);
    for (Window& window : windows) window.previous.assign(31, 5);
    ScriptedModel model(8, 8, says({at(0), 5, at(100)}));  // it refuses more than 8 + 64 rows
    const Outcome outcome = decode(model, options, windows);
    CHECK(outcome.results.size() == 8);
    CHECK(model.widest_step > 35);
    for (const auto& [id, result] : outcome.results)
        CHECK(result.tokens == std::vector<Token>{at(0), 5, at(100)});
}

TEST_CASE("A search that needs more sequences than the model has is refused: it would wait forever") {
    ScriptedModel model(4, 1, says({}));
    DecodingOptions options = greedy();
    options.beam_size = 5;
    CHECK_THROWS_AS(decode(model, options, {}), std::logic_error);
}

TEST_CASE("Logits that are not numbers are an error") {
    ScriptedModel model(5, 1, [](float, std::span<const Token>, std::span<float> logits) {
        std::fill(logits.begin(), logits.end(), std::nanf(""));
    });
    DecodingOptions options = greedy();
    options.temperatures = {0};
    CHECK_THROWS_AS(decode(model, options, {Window{}}), ModelError);
}
