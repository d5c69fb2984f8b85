// Compares real vocabularies with OpenAI's own tokenizer (tests/data/tokenizer_openai.json).

#include <nlohmann/json.hpp>

#include "catch.h"
#include "data_paths.h"
#include "model/tokenizer.h"
#include "needs.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

struct Vocabulary {
    const char* model;
    size_t n_vocab;
};

const Vocabulary kVocabularies[] = {{"tiny.en", 51864}, {"base", 51865}};

nlohmann::json golden(size_t n_vocab) {
    const auto json = nlohmann::json::parse(read_file(test_data("tokenizer_openai.json")));
    for (const auto& vocabulary : json["vocabularies"]) {
        if (vocabulary["n_vocab"] == n_vocab) return vocabulary;
    }
    return {};
}

}  // namespace

TEST_CASE("texts in many scripts become OpenAI's tokens, and come back", "[needs-models]") {
    const auto [model, n_vocab] = GENERATE(from_range(std::begin(kVocabularies), std::end(kVocabularies)));
    const auto path = need_model(model);
    const Tokenizer tokenizer(path, {.n_vocab = n_vocab});
    const auto texts = golden(n_vocab)["texts"];
    REQUIRE(texts.size() >= 25);
    for (const auto& entry : texts) {
        const std::string text = entry["text"];
        INFO(text);
        const auto tokens = entry["tokens"].get<std::vector<Token>>();
        CHECK(tokenizer.encode(text) == tokens);
        CHECK(tokenizer.decode(tokens) == text);
    }
}

TEST_CASE("words are OpenAI's words", "[needs-models]") {
    const auto [model, n_vocab] = GENERATE(from_range(std::begin(kVocabularies), std::end(kVocabularies)));
    const auto path = need_model(model);
    const Tokenizer tokenizer(path, {.n_vocab = n_vocab});
    const auto splits = golden(n_vocab)["splits"];
    REQUIRE(splits.size() >= 8);
    for (const auto& entry : splits) {
        const auto words = tokenizer.split_words(entry["tokens"].get<std::vector<Token>>(),
                                                 entry["language"].get<std::string>());
        INFO(entry["words"]);
        REQUIRE(words.size() == entry["words"].size());
        for (size_t i = 0; i < words.size(); ++i) {
            CHECK(words[i].text == entry["words"][i].get<std::string>());
            CHECK(words[i].tokens == entry["groups"][i].get<std::vector<Token>>());
        }
    }
}

TEST_CASE("the end-of-text token stands alone behind the words, without text", "[needs-models]") {
    const auto path = need_model("base");
    const Tokenizer tokenizer(path, {.n_vocab = 51865});
    auto tokens = tokenizer.encode(" Hello there.");
    tokens.push_back(tokenizer.eot());
    const auto words = tokenizer.split_words(tokens, "en");
    REQUIRE(words.size() == 4);
    CHECK(words[1].text == " there");
    CHECK(words[3].text.empty());
    CHECK(words[3].tokens == std::vector<Token>{tokenizer.eot()});
}

TEST_CASE("the tokens suppressed by default are OpenAI's", "[needs-models]") {
    const auto [model, n_vocab] = GENERATE(from_range(std::begin(kVocabularies), std::end(kVocabularies)));
    const auto path = need_model(model);
    const Tokenizer tokenizer(path, {.n_vocab = n_vocab});
    CHECK(tokenizer.non_speech_tokens() == golden(n_vocab)["non_speech_tokens"].get<std::vector<Token>>());
}

TEST_CASE("part of a character decodes to U+FFFD, and its bytes are kept", "[needs-models]") {
    const auto path = need_model("base");
    const Tokenizer tokenizer(path, {.n_vocab = 51865});
    const auto tokens = tokenizer.encode("龘");  // too rare for a token of its own
    REQUIRE(tokens.size() > 1);
    const std::span<const Token> first(tokens.data(), 1);
    CHECK(tokenizer.decode(first) == "\uFFFD");
    CHECK(std::string("龘").starts_with(tokenizer.bytes(first)));
    CHECK(tokenizer.split_words(first, "zh").size() == 1);
}
