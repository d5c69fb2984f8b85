// Word times inside the engine: over a decoder whose logits and attention are written down
// (scripted_model.h). Its alignment heads attend to ten frames a position, so that a text token begins at 0.2
// s times the position before it.
#include <algorithm>
#include <functional>
#include <map>

#include "base/thread_pool.h"
#include "catch.h"
#include "decoder/engine.h"
#include "scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

using WantsTimes = std::function<bool(const DecodingResult&)>;

std::map<size_t, DecodingResult> decode(ScriptedModel& model, const DecodingOptions& options, size_t windows,
                                        size_t audio_frames = 0, ThreadPool* pool = nullptr,
                                        const WantsTimes& wants_times = nullptr, bool locate = false) {
    const Vocabulary vocabulary = small_vocabulary();
    std::map<size_t, DecodingResult> results;
    std::vector<float> encoded(500);
    size_t next = 0;
    EngineCallbacks callbacks;
    callbacks.pull = [&]() -> std::optional<DecodeRequest> {
        if (next == windows) return std::nullopt;
        std::fill(encoded.begin(), encoded.end(), static_cast<float>(next));
        DecodeRequest request;
        request.id = request.sample_key = next++;
        request.encoder_output = {encoded.data(), encoded.size(), 1};
        request.prompt.language = "en";
        request.audio_frames = audio_frames;
        request.wants_times = wants_times;
        request.locate = locate;
        return request;
    };
    callbacks.sink = [&](size_t id, DecodingResult result, const DecodeCost&) {
        results[id] = std::move(result);
    };
    DecodingEngine engine(model, vocabulary, options, pool, callbacks);
    for (size_t guard = 0; engine.step(); ++guard) REQUIRE(guard < 10000);
    CHECK(engine.in_flight() == 0);
    return results;
}

ScriptedModel::Script says(std::vector<Token> text) {
    return [text](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size();
        logits[static_cast<size_t>(i < text.size() ? text[i] : kEot)] = 10;
    };
}

/// Window w says w + 1 tokens, in an order of likelihood that depends on what came before.
void many_texts(float audio, std::span<const Token> history, std::span<float> logits) {
    const auto text = sampled(history);
    if (text.empty()) {
        logits[kTime0] = 10;
    } else if (text.size() > static_cast<size_t>(audio) + 1) {
        logits[kEot] = 10;
    } else {
        for (Token t = 1; t < 19; ++t)
            logits[static_cast<size_t>(t)] =
                static_cast<float>((t * 7 + text.back() * 5 + static_cast<Token>(audio)) % 11);
    }
}

size_t text_tokens(const DecodingResult& result) {
    return static_cast<size_t>(
        std::count_if(result.tokens.begin(), result.tokens.end(), [](Token token) { return token < kEot; }));
}

DecodingOptions with_words() {
    DecodingOptions options = greedy();
    options.word_timestamps = true;
    return options;
}

}  // namespace

TEST_CASE("Text tokens get times from one more step; timestamps get none") {
    ScriptedModel model(5, 1, says({at(0), 5, 6, at(150), at(150), 7, at(300)}));
    model.heads = 2;
    const auto results = decode(model, with_words(), 1);
    // The pass: <|sot|> en transcribe <|notimestamps|> f g h <|eot|>. The row before f begins the path at 0;
    // those of f, g and h, at positions 4 to 6, tell when g, h and the end come.
    const std::vector<double>& times = results.at(0).text_times;
    REQUIRE(times.size() == 4);
    CHECK(times[0] == 0);
    CHECK(times[1] == Approx(0.8));
    CHECK(times[2] == Approx(1.0));
    CHECK(times[3] == Approx(1.2));
    CHECK(model.steps == 8 + 1);
    CHECK(model.tokens_fed == 3 + 7 + 8);
    CHECK(results.at(0).probabilities.size() == 7);
    CHECK(results.at(0).probabilities[1] == Approx(1).margin(1e-6));
}

TEST_CASE("No step is spent if no times are wanted, or there is no text") {
    ScriptedModel plain(5, 1, says({at(0), 5, at(150)}));
    plain.heads = 2;
    CHECK(decode(plain, greedy(), 1).at(0).text_times.empty());
    CHECK(plain.steps == 4);
    ScriptedModel wordless(5, 1, says({at(0)}));
    wordless.heads = 2;
    CHECK(decode(wordless, with_words(), 1).at(0).text_times.empty());
    CHECK(wordless.steps == 2);
}

TEST_CASE("A window can ask for the times of its text when it is known, although the options do not") {
    for (const bool wanted : {false, true}) {
        ScriptedModel model(5, 1, says({at(0), 5, at(150)}));
        model.heads = 2;
        std::vector<Token> asked;
        const auto wants_times = [&](const DecodingResult& result) {
            asked = result.tokens;
            return wanted;
        };
        const auto results = decode(model, greedy(), 1, 0, nullptr, wants_times);
        CHECK(asked == std::vector<Token>{at(0), 5, at(150)});
        CHECK(results.at(0).text_times.size() == (wanted ? 2U : 0U));
        CHECK(model.steps == (wanted ? 5U : 4U));
    }
}

TEST_CASE("No time is beyond the audio") {
    ScriptedModel model(5, 1, says({at(0), 5, 6, 7, 8}));
    model.heads = 1;
    const auto results = decode(model, with_words(), 1, 45);
    REQUIRE(results.at(0).text_times.size() == 5);
    for (const double time : results.at(0).text_times) CHECK(time < 45 * 0.02);
}

TEST_CASE("Word times change no text, and come with beams, samples and batches alike") {
    struct Search {
        int beam_size;
        std::vector<double> temperatures;
        std::optional<double> logprob_threshold;
    };
    ThreadPool pool(2);
    for (const Search& search : {Search{1, {0.0}, std::nullopt}, Search{3, {0.0}, std::nullopt},
                                 Search{1, {0.0, 0.5, 1.0}, -0.01}, Search{3, {0.0, 1.0}, -0.01}}) {
        DecodingOptions options = greedy();
        options.beam_size = search.beam_size;
        options.temperatures = search.temperatures;
        options.logprob_threshold = search.logprob_threshold;
        options.no_speech_threshold = std::nullopt;
        constexpr size_t kWindows = 12;
        const size_t sequences = DecodingEngine::sequences_for(options, 4);
        ScriptedModel without(sequences, 4, many_texts);
        const auto plain = decode(without, options, kWindows);
        options.word_timestamps = true;
        ScriptedModel model(sequences, 4, many_texts);
        model.heads = 3;
        const auto timed = decode(model, options, kWindows, 0, &pool);
        for (size_t w = 0; w < kWindows; ++w) {
            INFO("window " << w << ", beams " << search.beam_size);
            const DecodingResult& result = timed.at(w);
            CHECK(result.tokens == plain.at(w).tokens);
            CHECK(result.attempts == plain.at(w).attempts);
            CHECK(result.probabilities == plain.at(w).probabilities);
            CHECK(result.probabilities.size() == result.tokens.size());
            REQUIRE(result.text_times.size() == text_tokens(result) + 1);
            CHECK(result.text_times.front() == 0);
            for (size_t i = 1; i < result.text_times.size(); ++i)
                CHECK(result.text_times[i] == Approx(0.2 * static_cast<double>(i + 3)));
        }
    }
}

TEST_CASE("Each token has the frame at which it was looked for, if that is asked for") {
    const std::vector<Token> text = {at(0), 5, 6, at(150), at(150), 7, at(300)};
    for (const int beams : {1, 3}) {
        DecodingOptions options;
        options.beam_size = beams;
        ScriptedModel model(5, 1, says(text));
        model.heads = 2;
        const DecodingResult result = decode(model, options, 1, 0, nullptr, nullptr, true).at(0);
        CHECK(result.tokens == text);
        // A token is looked for in the row before it. The first one's is the prompt's last, at position 2.
        CHECK(result.frames == std::vector<int>{20, 30, 40, 50, 60, 70, 80});
        CHECK(decode(model, options, 1).at(0).frames.empty());
        model.heads = 0;
        CHECK(decode(model, options, 1, 0, nullptr, nullptr, true).at(0).frames.empty());
    }
}

TEST_CASE("Beams keep the frames of the text that they come from") {
    DecodingOptions options;
    options.beam_size = 3;
    ScriptedModel model(12, 4, many_texts);
    model.heads = 1;
    ThreadPool pool(2);
    for (const auto& [window, result] : decode(model, options, 4, 0, &pool, nullptr, true)) {
        REQUIRE(result.frames.size() == result.tokens.size());
        for (size_t i = 0; i < result.frames.size(); ++i)
            CHECK(result.frames[i] == static_cast<int>(20 + 10 * i));
    }
}

TEST_CASE("A token is looked for in the audio alone, not in the padding behind it") {
    ScriptedModel model(5, 1, says({at(0), 5, 6, at(150)}));
    model.heads = 1;
    // Only 35 frames hold audio: what attends to later ones attends to none of them more than to the others.
    const DecodingResult result = decode(model, {}, 1, 35, nullptr, nullptr, true).at(0);
    CHECK(result.frames == std::vector<int>{20, 30, 0, 0});
}
