// Options that a transcription refuses, and the messages.
#include "transcribe/validate.h"

#include <cmath>

#include "base/error.h"
#include "catch.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using test::contains;
using test::message_of;

namespace {

template <class Change>
void check(Change change, bool multilingual = true) {
    TranscribeOptions options;
    change(options);
    Dimensions dimensions;
    dimensions.n_audio_ctx = 1500;
    validate(options, "tiny", test::small_vocabulary(multilingual), dimensions);
}

template <class Change>
std::string refused(Change change, bool multilingual = true) {
    return message_of<UsageError>([&] { check(change, multilingual); });
}

}  // namespace

TEST_CASE("The defaults are valid") {
    CHECK_NOTHROW(check([](auto&) {}));
    CHECK_NOTHROW(check([](auto&) {}, false));
}

TEST_CASE("A message begins with the option's name, the value that was given, and ends with what to give") {
    CHECK(refused([](auto& o) { o.decoding.beam_size = 0; }) ==
          "beam-size: '0' was given; give a whole number of 1 or more");
    CHECK(refused([](auto& o) { o.decoding.beam_recombination = -1; }) ==
          "beam-recombination: '-1' was given; give a whole number of 1 or more, or 0 to keep all beams");
    CHECK(refused([](auto& o) { o.decoding.beam_threshold = -0.5; }) ==
          "beam-threshold: '-0.5' was given; give a number of 0 or more, or none to keep all beams");
}

TEST_CASE("A language is one that Whisper and the model know, by code or name") {
    CHECK_NOTHROW(check([](auto& o) { o.language = "de"; }));
    CHECK_NOTHROW(check([](auto& o) { o.language = "German"; }));
    CHECK(contains(refused([](auto& o) { o.language = "klingon"; }), "language: 'klingon'"));
    CHECK(contains(refused([](auto& o) { o.language = "fr"; }), "the model tiny does not know"));
}

TEST_CASE("An English-only model transcribes English") {
    CHECK_NOTHROW(check([](auto& o) { o.language = "English"; }, false));
    CHECK(contains(refused([](auto& o) { o.language = "de"; }, false), "only English"));
    CHECK(contains(refused([](auto& o) { o.task = Task::translate; }, false), "task: 'translate'"));
}

TEST_CASE("More audio context than the model has is refused, in seconds and frames") {
    CHECK_NOTHROW(check([](auto& o) { o.n_audio_ctx = 1500; }));
    const std::string message = refused([](auto& o) { o.n_audio_ctx = 1501; });
    CHECK(contains(message, "audio-context: 30.02 s (1501 frames)"));
}

TEST_CASE("Clips are in order") {
    CHECK(contains(refused([](auto& o) { o.clips = {{5, 6}, {1, 2}}; }), "clip-timestamps: "));
}

TEST_CASE("A search that cannot end, or has nothing to do, is refused") {
    CHECK(contains(refused([](auto& o) { o.decoding.best_of = -1; }), "best-of: '-1'"));
    CHECK(contains(refused([](auto& o) { o.decoding.max_tokens = 0; }), "max-tokens"));
    CHECK(contains(refused([](auto& o) { o.decoding.temperatures.clear(); }), "temperature"));
    CHECK(contains(refused([](auto& o) { o.decoding.temperatures = {0, -0.5}; }), "temperature: '-0.5'"));
    CHECK(contains(refused([](auto& o) { o.decoding.temperatures = {std::nan("")}; }), "temperature"));
    CHECK(contains(refused([](auto& o) { o.decoding.patience = 0.1; }), "patience: '0.1'"));
}

TEST_CASE("Tokens to suppress are in the vocabulary, and penalties are positive") {
    CHECK_NOTHROW(check([](auto& o) { o.decoding.suppress_tokens = {-1, 5}; }));
    CHECK(contains(refused([](auto& o) {
                       o.decoding.suppress_tokens = {-1, 99999};
                   }),
                   "suppress-tokens: '99999'"));
    CHECK(contains(refused([](auto& o) { o.decoding.suppress_tokens = {-2}; }), "suppress-tokens: '-2'"));
    CHECK(contains(refused([](auto& o) { o.decoding.max_initial_timestamp = -1; }), "max-initial-timestamp"));
    CHECK(contains(refused([](auto& o) { o.decoding.repetition_penalty = 0; }), "repetition-penalty"));
    CHECK(contains(refused([](auto& o) { o.decoding.no_repeat_ngram_size = -1; }), "no-repeat-ngram-size"));
}

TEST_CASE("Hallucinations are found by the words' times") {
    const auto threshold = [](TranscribeOptions& o) { o.words.hallucination_silence_threshold = 2; };
    CHECK(contains(refused(threshold), "word timestamps"));
    CHECK_NOTHROW(check([&](auto& o) {
        threshold(o);
        o.decoding.word_timestamps = true;
    }));
}
