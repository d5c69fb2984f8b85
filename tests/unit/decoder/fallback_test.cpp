// Compression ratios: len(text) / len(zlib.compress(text)) in Python 3.
#include "decoder/fallback.h"

#include "catch.h"

using namespace npuscribe;
using test::Approx;

TEST_CASE("The compression ratio is zlib's") {
    CHECK(compression_ratio("") == 0);
    CHECK(compression_ratio("Hello, world.") == Approx(13.0 / 21));
    std::string loop;
    for (int i = 0; i < 50; ++i) loop += "so it goes ";
    CHECK(compression_ratio(loop) == Approx(550.0 / 25));
}

namespace {

DecodingResult result(double ratio, double logprob, double no_speech) {
    DecodingResult r;
    r.compression_ratio = ratio;
    r.avg_logprob = logprob;
    r.no_speech_prob = no_speech;
    return r;
}

}  // namespace

TEST_CASE("A repetitive or an unlikely text is decoded again") {
    const DecodingOptions options;                               // 2.4, −1.0, 0.6
    CHECK_FALSE(needs_fallback(result(2.4, -1.0, 0), options));  // on the threshold is not beyond it
    CHECK(needs_fallback(result(2.41, -0.1, 0), options));
    CHECK(needs_fallback(result(1, -1.01, 0), options));
    CHECK(needs_fallback(result(2.41, -0.1, 0.9), options));  // likely text: not silence
}

TEST_CASE("Silence overrides: an unlikely text over a silent window is accepted") {
    const DecodingOptions options;
    CHECK_FALSE(needs_fallback(result(1, -1.5, 0.61), options));
    CHECK_FALSE(needs_fallback(result(9, -1.5, 0.61), options));
    CHECK(needs_fallback(result(1, -1.5, 0.6), options));
}

TEST_CASE("A window is silent if speech is unlikely and its text is, too") {
    const DecodingOptions options;
    CHECK(is_silence(result(1, -1.5, 0.61), options));
    CHECK(is_silence(result(1, -1.0, 0.61), options));
    CHECK_FALSE(is_silence(result(1, -0.9, 0.61), options));
    CHECK_FALSE(is_silence(result(1, -1.5, 0.6), options));
}

TEST_CASE("A threshold that is not set decides nothing") {
    DecodingOptions options;
    options.compression_ratio_threshold.reset();
    CHECK_FALSE(needs_fallback(result(9, 0, 0), options));
    options.logprob_threshold.reset();
    CHECK_FALSE(needs_fallback(result(9, -9, 0), options));
    CHECK(is_silence(result(1, -0.1, 0.7), options));
    options.no_speech_threshold.reset();
    CHECK_FALSE(is_silence(result(1, -9, 1), options));
}
