// What a window is held to whose encoder saw less than 30 s.
#include "decoder/context_guard.h"

#include "catch.h"
#include "decoder/fallback.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

/// Five seconds of sound, encoded as thirteen.
const ContextGuard kGuard = guard_of(5, 13);

DecodingResult good() {
    DecodingResult result;
    result.tokens = {at(0), 1, 2, 3, at(480)};
    result.compression_ratio = 1.2;
    result.avg_logprob = -0.3;
    return result;
}

bool refused(const DecodingResult& result, const DecodingOptions& options = {}) {
    return is_refused(kGuard, result, options, small_vocabulary());
}

}  // namespace

TEST_CASE("A result within the guard's limits is believed") {
    CHECK_FALSE(refused(good()));
}

TEST_CASE("Loops and guesses are refused, by OpenAI's thresholds") {
    DecodingResult result = good();
    result.compression_ratio = 2.41;
    CHECK(refused(result));
    result.compression_ratio = 2.4;
    CHECK_FALSE(refused(result));
    result.avg_logprob = -1.01;
    CHECK(refused(result));
}

TEST_CASE("The guard still holds if thresholds are off, and follows stricter ones") {
    DecodingOptions options;
    options.compression_ratio_threshold.reset();
    options.logprob_threshold.reset();
    DecodingResult result = good();
    result.compression_ratio = 3;
    CHECK(refused(result, options));
    result = good();
    result.avg_logprob = -1.5;
    CHECK(refused(result, options));

    options.logprob_threshold = -0.2;
    CHECK(refused(good(), options));
}

TEST_CASE("Silence is refused, because only the full context decides it") {
    DecodingResult result = good();
    result.avg_logprob = -1.5;
    result.no_speech_prob = 0.9;
    CHECK_FALSE(needs_fallback(result, {}));
    CHECK(refused(result));
}

TEST_CASE("Five seconds hold sixty tokens: ten a second, and ten more") {
    CHECK(kGuard.most_tokens == 60);
    DecodingResult result = good();
    result.tokens.assign(60, 1);
    CHECK_FALSE(refused(result));
    result.tokens.push_back(1);
    CHECK(refused(result));
}

TEST_CASE("A timestamp beyond what was encoded is refused") {
    DecodingResult result = good();
    result.tokens.back() = at(1300);
    CHECK_FALSE(refused(result));
    result.tokens.back() = at(1302);
    CHECK(refused(result));
}

TEST_CASE("A language that is less likely than all others together is detected again") {
    DecodingResult result = good();
    result.language_probability = 0.51;
    CHECK_FALSE(refused(result));
    result.language_probability = 0.49;
    CHECK(refused(result));
}
