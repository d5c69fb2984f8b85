// Prompts as openai/whisper's DecodingTask._get_initial_tokens builds them.
#include "decoder/prompt.h"

#include "base/error.h"
#include "catch.h"
#include "decoder/language.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

TEST_CASE("A prompt names language and task") {
    const Vocabulary vocabulary = small_vocabulary();
    DecodingOptions options;
    const Prompt prompt = make_prompt(vocabulary, options, "de", {}, kTextContext);
    CHECK(prompt.tokens == std::vector<Token>{kSot, kGerman, kTranscribe});
    CHECK(prompt.sot == 0);
    options.task = Task::translate;
    options.without_timestamps = true;
    CHECK(make_prompt(vocabulary, options, "ja", {}, kTextContext).tokens ==
          std::vector<Token>{kSot, kJapanese, kTranslate, kNoTimestamps});
}

TEST_CASE("An English-only model has neither") {
    CHECK(make_prompt(small_vocabulary(false), {}, "en", {}, kTextContext).tokens ==
          std::vector<Token>{kSot});
}

TEST_CASE("Previous text goes before it, its last half context less one") {
    const std::vector<Token> previous(100, 5);
    const Prompt prompt = make_prompt(small_vocabulary(), {}, "en", previous, 64);
    REQUIRE(prompt.tokens.size() == 1 + 31 + 3);
    CHECK(prompt.tokens.front() == kSotPrev);
    CHECK(prompt.sot == 32);
    CHECK(prompt.tokens[prompt.sot] == kSot);
    CHECK(max_previous_tokens(448) == 223);  // Whisper's
}

TEST_CASE("The initial prompt is text behind one space") {
    CHECK(initial_prompt_tokens(small_vocabulary(), "  hi \n") == std::vector<Token>{kBlank, 7, 8});
    CHECK(initial_prompt_tokens(small_vocabulary(), "  ").empty());
}

TEST_CASE("A language that the model does not know is refused by name") {
    const auto message =
        message_of<UsageError>([] { make_prompt(small_vocabulary(), {}, "tlh", {}, kTextContext); });
    CHECK(contains(message, "tlh"));
}

TEST_CASE("The detected language is the likeliest, its probability among languages alone") {
    std::vector<float> logits(kVocabulary, 5);  // words are likelier than any language: they do not count
    logits[kEnglish] = 0;
    logits[kGerman] = std::log(2.0F);
    logits[kJapanese] = 0;
    const DetectedLanguage found = detect_language(small_vocabulary(), logits);
    CHECK(found.code == "de");
    CHECK(found.probability == Approx(0.5));
}
