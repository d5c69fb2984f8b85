// Windows that are made to begin with a text, over a decoder whose logits are written down here.
#include <algorithm>
#include <cmath>

#include "catch.h"
#include "decoder/engine.h"
#include "decoder/fallback.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

const std::vector<Token> kPrefix = {kBlank, 7, 8};  // " hi"

struct Request {
    std::string language = "en";
    std::vector<Token> prefix = kPrefix;
    std::optional<ContextGuard> guard = std::nullopt;
};

DecodingResult decode(ScriptedModel& model, const DecodingOptions& options, const Request& given = {}) {
    const Vocabulary vocabulary = small_vocabulary();
    const std::vector<float> encoded(500);
    bool pulled = false;
    std::optional<DecodingResult> result;
    EngineCallbacks callbacks;
    callbacks.pull = [&]() -> std::optional<DecodeRequest> {
        if (pulled) return std::nullopt;
        pulled = true;
        DecodeRequest request;
        request.encoder_output = {encoded.data(), encoded.size(), 1};
        request.prompt.language = given.language;
        request.prompt.prefix = given.prefix;
        request.guard = given.guard;
        return request;
    };
    callbacks.sink = [&](size_t, DecodingResult done, const DecodeCost&) { result = std::move(done); };
    DecodingEngine engine(model, vocabulary, options, nullptr, callbacks);
    for (size_t guard = 0; engine.step(); ++guard) REQUIRE(guard < 10000);
    REQUIRE(result);
    return *result;
}

/// Says this behind the prefix, then ends.
ScriptedModel::Script goes_on(std::vector<Token> text, size_t prefix = 1 + kPrefix.size()) {
    return [text, prefix](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size();
        if (i < prefix) return;
        logits[static_cast<size_t>(i - prefix < text.size() ? text[i - prefix] : kEot)] = 10;
    };
}

DecodingOptions without_timestamps() {
    DecodingOptions options = greedy();
    options.without_timestamps = true;
    return options;
}

}  // namespace

TEST_CASE("A window begins with <|0.00|> and its prefix, and goes on as the decoder says") {
    ScriptedModel model(5, 1, goes_on({5, at(150)}));
    const DecodingResult result = decode(model, greedy());
    CHECK(result.tokens == std::vector<Token>{at(0), kBlank, 7, 8, 5, at(150)});
    CHECK(result.prefix_tokens == 4);
    CHECK(model.steps == 3);  // the prefix goes in with the prompt
    CHECK(model.tokens_fed == 3 + 4 + 2);
}

TEST_CASE("Without timestamps it begins with the prefix alone, and may end there") {
    // A window that has no prefix must not begin with its end (suppress_blank).
    ScriptedModel model(5, 1, goes_on({}, kPrefix.size()));
    const DecodingResult result = decode(model, without_timestamps());
    CHECK(result.tokens == kPrefix);
    CHECK(result.attempts == 1);
    CHECK(result.compression_ratio == 0);
}

TEST_CASE("The next timestamp is later than the prefix's, and need not be an early one") {
    ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size();
        logits[kTime0] = 20;  // would go back
        logits[static_cast<size_t>(i == 4 ? at(1200) : kEot)] = 10;
    });
    // Behind text, one that is later than --max-initial-timestamp; the window does not begin there.
    const DecodingResult result = decode(model, greedy());
    CHECK(result.tokens == std::vector<Token>{at(0), kBlank, 7, 8, at(1200)});
}

TEST_CASE("A result is judged by its sampled tokens alone") {
    // Two words as likely as each other, then a certain end: log 1/2 over two tokens.
    const std::vector<Token> loop(30, 5);
    ScriptedModel model(5, 1, [&](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size() - loop.size();
        if (i == 0) logits[1] = logits[2] = 10;
        if (i == 1) logits[kEot] = 10;
    });
    DecodingOptions options = without_timestamps();
    options.temperatures = {0};
    const DecodingResult result = decode(model, options, {"en", loop, {}});
    REQUIRE(result.tokens.size() == 31);
    CHECK(result.avg_logprob == Approx(std::log(0.5) / 2).epsilon(1e-4));
    CHECK(result.compression_ratio == compression_ratio("b"));  // not of the thirty letters
    REQUIRE(result.probabilities.size() == 31);
    CHECK(result.probabilities.front() == 1);
    CHECK(result.probabilities.back() == Approx(0.5).epsilon(1e-4));
}

TEST_CASE("Every attempt begins with the prefix, and so does every beam and sample") {
    struct Search {
        int beam_size;
        std::vector<double> temperatures;
    };
    for (const Search& search : {Search{3, {0}}, Search{1, {0, 0.5}}, Search{3, {0, 1}}}) {
        DecodingOptions options = without_timestamps();
        options.beam_size = search.beam_size;
        options.temperatures = search.temperatures;
        options.logprob_threshold = -0.01;
        // Two ways on, neither of them sure.
        ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
            const auto text = sampled(history);
            REQUIRE((text.size() < 3 || std::equal(kPrefix.begin(), kPrefix.end(), text.begin())));
            if (text.size() < 6) logits[1] = logits[2] = 5;
            if (text.size() >= 6) logits[kEot] = 5;
        });
        const DecodingResult result = decode(model, options);
        CHECK(result.attempts == static_cast<int>(search.temperatures.size()));
        REQUIRE(result.tokens.size() == 6);
        CHECK(std::equal(kPrefix.begin(), kPrefix.end(), result.tokens.begin()));
    }
}

TEST_CASE("The probability of no speech is read at the start token, with the language known or not") {
    for (const std::string language : {"en", ""}) {
        ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
            if (history.size() == 1) {
                logits[kNoSpeech] = 5;
                logits[kGerman] = 4;
                return;
            }
            logits[kNoSpeech] = 30;
            goes_on({5, at(150)})(0, history, logits);
        });
        const DecodingResult result = decode(model, greedy(), {language, kPrefix, {}});
        CHECK(result.no_speech_prob == Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-4));
        CHECK(result.tokens == std::vector<Token>{at(0), kBlank, 7, 8, 5, at(150)});
    }
}

TEST_CASE("The prefix's words get times like any others") {
    ScriptedModel model(5, 1, goes_on({5, at(150)}));
    model.heads = 2;
    DecodingOptions options = greedy();
    options.word_timestamps = true;
    const DecodingResult result = decode(model, options);
    // <|sot|> en transcribe <|notimestamps|> " " h i f: ten frames a position, told by the row before.
    REQUIRE(result.text_times.size() == 5);
    CHECK(result.text_times[0] == 0);
    CHECK(result.text_times[1] == Approx(0.8));
    CHECK(result.text_times[4] == Approx(1.4));
}

TEST_CASE("A guard counts the sampled tokens, not the prefix") {
    Request request;
    request.prefix.assign(20, 5);
    request.guard = ContextGuard{3, 30};
    const auto script = goes_on({5, 6, at(150)}, 21);
    ScriptedModel three(5, 1, script);
    CHECK_FALSE(decode(three, {}, request).refused);
    request.guard = ContextGuard{2, 30};
    ScriptedModel one_too_many(5, 1, script);
    CHECK(decode(one_too_many, {}, request).refused);
}

TEST_CASE("A long prefix leaves the search the other half of the text context") {
    ScriptedModel model(5, 1, [](float, std::span<const Token> history, std::span<float> logits) {
        const size_t i = sampled(history).size();
        logits[1 + i * 7 % 17] = 10;
    });
    DecodingOptions options = without_timestamps();
    options.temperatures = {0};
    const DecodingResult result = decode(model, options, {"en", std::vector<Token>(100, 5), {}});
    // 64 = 4 + 31 + 29, and the last token sampled need not fit.
    CHECK(result.prefix_tokens == 31);
    CHECK(result.tokens.size() == 31 + 30);
}
