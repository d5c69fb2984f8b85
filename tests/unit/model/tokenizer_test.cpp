// Tests that do not need a real vocabulary: ids, languages, bytes. The made-up one has all bytes, and pairs
// of them.

#include "model/tokenizer.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "catch.h"
#include "data_paths.h"
#include "model/languages.h"
#include "random_model.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

Tokenizer made_up(size_t n_vocab) {
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = small_dimensions(1, n_vocab)});
    return Tokenizer(directory.path(), small_dimensions(1, n_vocab));
}

const nlohmann::json& golden() {
    static const auto json = nlohmann::json::parse(read_file(test_data("tokenizer_openai.json")));
    return json;
}

}  // namespace

TEST_CASE("special tokens of the three vocabularies are OpenAI's") {
    REQUIRE(golden()["vocabularies"].size() == 3);
    for (const auto& wanted : golden()["vocabularies"]) {
        const Tokenizer tokenizer = made_up(wanted["n_vocab"]);
        const auto& special = wanted["special"];
        INFO(tokenizer.n_vocab());
        CHECK(tokenizer.multilingual() == wanted["multilingual"].get<bool>());
        CHECK(tokenizer.eot() == special["eot"].get<Token>());
        CHECK(tokenizer.sot() == special["sot"].get<Token>());
        CHECK(tokenizer.translate() == special["translate"].get<Token>());
        CHECK(tokenizer.transcribe() == special["transcribe"].get<Token>());
        CHECK(tokenizer.sot_lm() == special["sot_lm"].get<Token>());
        CHECK(tokenizer.sot_prev() == special["sot_prev"].get<Token>());
        CHECK(tokenizer.no_speech() == special["no_speech"].get<Token>());
        CHECK(tokenizer.no_timestamps() == special["no_timestamps"].get<Token>());
        CHECK(tokenizer.timestamp_begin() == special["timestamp_begin"].get<Token>());

        const auto tokens = wanted["language_tokens"].get<std::vector<Token>>();
        REQUIRE(tokenizer.languages().size() == tokens.size());
        for (size_t i = 0; i < tokens.size(); ++i) {
            CHECK(tokenizer.language_token(tokenizer.languages()[i]) == tokens[i]);
            CHECK(tokenizer.language_code(tokens[i]) == tokenizer.languages()[i]);
        }
    }
}

TEST_CASE("languages are OpenAI's, by code, by name and by its other names") {
    const auto& languages = golden()["languages"];
    REQUIRE(languages.size() == whisper_languages().size());
    for (size_t i = 0; i < languages.size(); ++i) {
        CHECK(whisper_languages()[i].code == languages[i][0].get<std::string>());
        CHECK(whisper_languages()[i].name == languages[i][1].get<std::string>());
    }
    const Tokenizer tokenizer = made_up(51865);
    for (const auto& [name, code] : golden()["other_names"].items()) {
        INFO(name);
        if (code == "yue") continue;  // cantonese, which only large-v3 has
        CHECK(tokenizer.language_token(name) == tokenizer.language_token(code.get<std::string>()));
        CHECK(tokenizer.language_token(name).has_value());
    }
    CHECK(tokenizer.language_token("German") == tokenizer.language_token("de"));
    CHECK(tokenizer.language_token("DE") == tokenizer.language_token("de"));
    CHECK_FALSE(tokenizer.language_token("klingon"));
    CHECK_FALSE(tokenizer.language_token(""));
    CHECK_FALSE(tokenizer.language_token("yue"));
    CHECK(made_up(51866).language_token("cantonese") == 50358);
    CHECK(tokenizer.language_code(tokenizer.sot()).empty());
    CHECK(tokenizer.language_code(tokenizer.translate()).empty());
}

TEST_CASE("any bytes survive encoding, and text never becomes a special token") {
    const Tokenizer tokenizer = made_up(51865);
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    CHECK(tokenizer.bytes(tokenizer.encode(all)) == all);
    CHECK(tokenizer.encode("").empty());
    for (const Token token : tokenizer.encode("<|endoftext|><|en|><|0.00|>")) CHECK(token < tokenizer.eot());
}

TEST_CASE("special, timestamp and impossible tokens have no bytes") {
    const Tokenizer tokenizer = made_up(51865);
    const std::vector<Token> tokens = {50258, 50259, 0, 50364, 1, 51864, 50257, -1, 99999};
    CHECK(tokenizer.bytes(tokens) == "!\"");
}

TEST_CASE("words lose no token, whatever the tokens are") {
    const Tokenizer tokenizer = made_up(51865);
    const std::string language = GENERATE("en", "ja");
    uint32_t state = 1;
    for (int round = 0; round < 300; ++round) {
        std::vector<Token> tokens;
        for (int i = 0; i < round % 12; ++i) {
            state = state * 1664525U + 1013904223U;
            // bytes, so that characters break everywhere, and now and then a special token
            tokens.push_back(static_cast<Token>(state >> 24) + (state >> 8 & 15U ? 0 : 50257));
        }
        std::vector<Token> joined;
        std::string text;
        for (const auto& word : tokenizer.split_words(tokens, language)) {
            joined.insert(joined.end(), word.tokens.begin(), word.tokens.end());
            text += word.text;
            REQUIRE(tokenizer.decode(word.tokens) == word.text);
        }
        REQUIRE(joined == tokens);
    }
}
