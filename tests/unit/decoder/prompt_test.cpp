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
    const Prompt prompt = make_prompt(vocabulary, {Task::transcribe, "de"}, true, kTextContext);
    CHECK(prompt.tokens == std::vector<Token>{kSot, kGerman, kTranscribe});
    CHECK(prompt.sot == 0);
    CHECK(make_prompt(vocabulary, {Task::translate, "ja"}, false, kTextContext).tokens ==
          std::vector<Token>{kSot, kJapanese, kTranslate, kNoTimestamps});
}

TEST_CASE("The prompt of an English-only model names neither") {
    CHECK(make_prompt(small_vocabulary(false), {Task::transcribe, "en"}, true, kTextContext).tokens ==
          std::vector<Token>{kSot});
}

TEST_CASE("Previous text goes before it: the last half of the context less one") {
    PromptParts parts{Task::transcribe, "en"};
    parts.previous.assign(100, 5);
    const Prompt prompt = make_prompt(small_vocabulary(), parts, true, 64);
    REQUIRE(prompt.tokens.size() == 1 + 31 + 3);
    CHECK(prompt.tokens.front() == kSotPrev);
    CHECK(prompt.sot == 32);
    CHECK(prompt.tokens[prompt.sot] == kSot);
    CHECK(max_previous_tokens(448) == 223);  // Whisper's
}

TEST_CASE("Given text is encoded with one space in front") {
    CHECK(given_tokens(small_vocabulary(), "  hi \n") == std::vector<Token>{kBlank, 7, 8});
    CHECK(given_tokens(small_vocabulary(), "  ").empty());
}

TEST_CASE("A prefix comes last, after the first timestamp if there are timestamps") {
    PromptParts parts{Task::transcribe, "de"};
    parts.prefix = {kBlank, 7, 8};
    Prompt prompt = make_prompt(small_vocabulary(), parts, true, kTextContext);
    CHECK(prompt.tokens == std::vector<Token>{kSot, kGerman, kTranscribe, at(0), kBlank, 7, 8});
    CHECK(prompt.text_begin == 3);
    prompt = make_prompt(small_vocabulary(), parts, false, kTextContext);
    CHECK(prompt.tokens == std::vector<Token>{kSot, kGerman, kTranscribe, kNoTimestamps, kBlank, 7, 8});
    CHECK(prompt.text_begin == 4);
}

TEST_CASE("A long prefix keeps its first tokens; previous text has the rest of that half") {
    PromptParts parts{Task::transcribe, "en"};
    parts.prefix.assign(100, 5);
    parts.prefix.front() = 6;
    parts.previous.assign(100, 7);
    Prompt prompt = make_prompt(small_vocabulary(), parts, true, 64);
    // Half of 64 less one is 31: the prefix takes them all.
    REQUIRE(prompt.tokens.size() == 3 + 1 + 31);
    CHECK(prompt.sot == 0);
    CHECK(prompt.tokens[prompt.text_begin + 1] == 6);
    parts.prefix.resize(11);
    prompt = make_prompt(small_vocabulary(), parts, true, 64);
    CHECK(prompt.sot == 1 + 20);
    CHECK(prompt.tokens.size() == 1 + 20 + 3 + 1 + 11);
}

TEST_CASE("The detected language is the likeliest, and its probability is among languages alone") {
    std::vector<float> logits(kVocabulary, 5);  // words are likelier than any language: they do not count
    logits[kEnglish] = 0;
    logits[kGerman] = std::log(2.0F);
    logits[kJapanese] = 0;
    const Vocabulary vocabulary = small_vocabulary();
    const std::vector<double> probabilities = language_probabilities(vocabulary, logits);
    const DetectedLanguage found = likeliest_language(vocabulary, probabilities);
    CHECK(found.code == "de");
    CHECK(found.probability == Approx(0.5));
}

TEST_CASE("A window changes the language only to one that is at least 90 % likely") {
    const Vocabulary vocabulary = small_vocabulary();  // en, de, ja
    const auto after_english = [&](std::vector<double> probabilities) {
        return language_after("en", vocabulary, probabilities);
    };
    CHECK(after_english({0.06, 0.91, 0.03}).code == "de");
    CHECK(after_english({0.06, 0.91, 0.03}).probability == 0.91);
    // As unlikely as English is, nothing else is likely either.
    CHECK(after_english({0.01, 0.78, 0.21}).code == "en");
    // The language that stays was not guessed.
    CHECK(after_english({0.01, 0.78, 0.21}).probability == 1);
    CHECK(after_english({0.95, 0.03, 0.02}).code == "en");
}
