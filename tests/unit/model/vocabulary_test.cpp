#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "catch.h"
#include "model/byte_pairs.h"
#include "model/packed_vocabulary.h"
#include "model/vocabulary_files.h"
#include "random_model.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr size_t kText = 50257;

std::vector<std::string> pieces(std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) {
        found.emplace_back(text.substr(0, first_piece(text)));
        text.remove_prefix(found.back().size());
    }
    return found;
}

using Pieces = std::vector<std::string>;

}  // namespace

TEST_CASE("text is cut where GPT-2's pattern cuts it") {
    CHECK(pieces("Hello world, it's 2024!") == Pieces{"Hello", " world", ",", " it", "'s", " 2024", "!"});
    CHECK(pieces("we'll they'RE") == Pieces{"we", "'ll", " they", "'", "RE"});
    CHECK(pieces("a  b") == Pieces{"a", " ", " b"});
    CHECK(pieces("a \n\n b  ") == Pieces{"a", " \n\n", " b", "  "});
    CHECK(pieces("a\tb") == Pieces{"a", "\t", "b"});
    CHECK(pieces(" ") == Pieces{" "});
    CHECK(pieces("x²½ Ⅷ") == Pieces{"x", "²½", " Ⅷ"});        // other numbers are \p{N}
    CHECK(pieces("e\u0301a") == Pieces{"e", "\u0301", "a"});  // a combining accent is no letter
    CHECK(pieces("日本 語。") == Pieces{"日本", " 語", "。"});
    CHECK(pieces("a\u3000b") == Pieces{"a", "\u3000", "b"});  // only U+0020 joins what follows
    CHECK(pieces("\xFFz\xE3\x81") == Pieces{"\xFF", "z", "\xE3\x81"});
}

TEST_CASE("merging takes the lowest id first, and the leftmost of equals") {
    BytePairs pairs;
    for (const char* token : {"a", "b", "c", "bc", "ab", "abc", "aa"}) pairs.add(token);
    const TokenIndex index(pairs);
    const auto encode = [&](const char* text) {
        std::vector<int> tokens;
        index.encode_piece(text, tokens);
        return tokens;
    };
    CHECK(encode("b") == std::vector<int>{1});
    CHECK(encode("abcb") == std::vector<int>{5, 1});  // bc (3) before ab (4), then a + bc
    CHECK(encode("aaa") == std::vector<int>{6, 0});
    CHECK(encode("abab") == std::vector<int>{4, 4});
}

TEST_CASE("an index of few tokens encodes text made of them as the full index does") {
    BytePairs pairs;
    for (const char* token : {"-", "x", " ", "(", " -", "--", "x-", "", "-("}) pairs.add(token);
    const TokenIndex all(pairs);
    const TokenIndex few(pairs, " -(");
    CHECK(few.covers(" --(("));
    CHECK_FALSE(few.covers("-x"));
    CHECK(few.find("x-") == -1);
    CHECK(all.find("x-") == 6);
    for (const char* text : {"-", " -", "--(", "- -", "((", "--- ("}) {
        std::vector<int> by_few;
        std::vector<int> by_all;
        few.encode_piece(text, by_few);
        all.encode_piece(text, by_all);
        CHECK(by_few == by_all);
    }
}

TEST_CASE("ill-formed UTF-8 is replaced as Unicode recommends") {
    // The Unicode Standard 3.9, tables 3-8 to 3-11: U+FFFD for each maximal subpart.
    const std::string r(utf8::kReplacement);
    CHECK(utf8::repair("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") == r + r + r + r + r + r + r + r + "A");
    CHECK(utf8::repair("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") == r + r + r + r + r + r + r + r + "A");
    CHECK(utf8::repair("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") == r + r + r + r + r + "A" + r + r + "B");
    CHECK(utf8::repair("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == r + r + r + r + "A");
    CHECK(utf8::repair("Grüße, 世界 😀") == "Grüße, 世界 😀");
}

TEST_CASE("every kind of vocabulary file gives the same tokens") {
    const TemporaryDirectory ct2;
    const TemporaryDirectory hf;
    const TemporaryDirectory list;
    const TemporaryDirectory tokenizer;
    const auto dimensions = small_dimensions(1, 51865);
    write_random_model(ct2.path(), {.dimensions = dimensions});
    write_random_model(hf.path(), {.dimensions = dimensions, .format = ModelFormat::safetensors});
    nlohmann::json tokens = nlohmann::json::array();
    const std::string lines = read_file(ct2 / "vocabulary.txt");
    for (size_t begin = 0; begin < lines.size();) {
        const size_t end = lines.find('\n', begin);
        tokens.push_back(lines.substr(begin, end - begin));
        begin = end + 1;
    }
    REQUIRE(tokens.size() == 51865);
    write_file(list / "vocabulary.json", tokens.dump());
    const nlohmann::json wrapped = {
        {"model", {{"vocab", nlohmann::json::parse(read_file(hf / "vocab.json"))}}}};
    write_file(tokenizer / "tokenizer.json", wrapped.dump());

    const BytePairs wanted = read_vocabulary(ct2.path(), kText);
    REQUIRE(wanted.size() == kText);
    CHECK(wanted.bytes(0) == "!");    // GPT-2's order of bytes
    CHECK(wanted.bytes(220) == " ");  // which it writes as U+0120
    CHECK(wanted.bytes(188) == std::string(1, '\0'));
    for (const auto* directory : {&hf, &list, &tokenizer}) {
        const BytePairs got = read_vocabulary(directory->path(), kText);
        size_t wrong = 0;
        for (size_t id = 0; id < kText; ++id) wrong += got.bytes(id) != wanted.bytes(id) ? 1 : 0;
        CHECK(wrong == 0);
    }
}

TEST_CASE("a packed vocabulary is n lengths and then the tokens' bytes, and nothing else") {
    std::string lengths(kText, '\1');
    std::string bytes;
    for (size_t id = 0; id < kText; ++id) bytes += static_cast<char>(id % 256);
    lengths[300] = '\2';
    bytes.insert(300, "\xFE");
    lengths.back() = '\0';
    bytes.pop_back();
    const auto unpacked = [&](const std::string& packed, size_t n_text = kText) {
        return unpack_vocabulary(std::as_bytes(std::span(packed)), n_text, "f");
    };
    const auto refusal = [&](const std::string& packed, size_t n_text = kText) {
        return message_of<ModelError>([&] { unpacked(packed, n_text); });
    };
    const BytePairs tokens = unpacked(lengths + bytes);
    REQUIRE(tokens.size() == kText);
    CHECK(tokens.bytes(0) == std::string_view("\0", 1));
    CHECK(tokens.bytes(255) == "\xFF");
    CHECK(tokens.bytes(300) == "\xFE\x2C");
    CHECK(tokens.bytes(301) == "\x2D");
    CHECK(tokens.bytes(kText - 1).empty());

    CHECK(refusal("") == "f: is damaged: its vocabulary has 0 bytes, fewer than 50257 tokens");
    CHECK(contains(refusal(lengths.substr(1)), "has 50256 bytes, fewer than 50257 tokens"));
    CHECK(contains(refusal(lengths + bytes.substr(1)),
                   "has 100513 bytes, but 50257 tokens that add up to 100514"));
    CHECK(contains(refusal(lengths + bytes + "x"), "has 100515 bytes, but 50257 tokens"));
    CHECK(contains(refusal(lengths + bytes, kText + 1), "but 50258 tokens that add up to"));
    CHECK(contains(refusal(lengths + bytes, kText - 1), "but 50256 tokens that add up to"));
    std::string far = lengths;
    far[7] = '\xFF';
    CHECK(contains(refusal(far + bytes), "add up to 100768"));
    for (char& c : bytes) c = c == 'A' ? 'B' : c;
    CHECK(refusal(lengths + bytes) == "f: has no token for byte 65");
}

TEST_CASE("a vocabulary that is not this model's is refused") {
    const TemporaryDirectory directory;
    const auto refusal = [&](size_t n_text = kText) {
        return message_of<ModelError>([&] { read_vocabulary(directory.path(), n_text); });
    };
    CHECK(contains(
        refusal(),
        "has no vocabulary; expected vocabulary.txt, vocabulary.json, vocab.json or tokenizer.json"));

    write_random_model(directory.path(), {.dimensions = small_dimensions(1, 51865)});
    const std::string whole = read_file(directory / "vocabulary.txt");
    CHECK(contains(refusal(kText - 1), "vocabulary.txt: token 50256 is not <|endoftext|>"));
    write_file(directory / "vocabulary.txt", whole.substr(0, 1000));
    CHECK(contains(refusal(), "lacks token"));
    write_file(directory / "vocabulary.txt", "same\n" + whole.substr(2));
    CHECK(contains(refusal(), "has no token for byte 33"));
    write_file(directory / "vocabulary.txt", "\xE2\x82\xAC\n" + whole.substr(2));
    CHECK(contains(refusal(), "token 0 is not in the byte alphabet of GPT-2"));

    std::filesystem::remove(directory / "vocabulary.txt");
    write_file(directory / "vocab.json", R"({"a": "0"})");
    CHECK(contains(refusal(), "gives a token an id that is not a whole number"));
    write_file(directory / "vocab.json", R"({"a": 0, "b": 0})");
    CHECK(contains(refusal(), "has id 0 twice"));
    write_file(directory / "vocab.json", R"([["a", 0]])");
    CHECK(contains(refusal(), "holds no map from tokens to ids"));
    write_file(directory / "vocab.json", R"({"a": [0]})");
    CHECK(contains(refusal(), "gives a token an id that is not a whole number"));
    write_file(directory / "vocab.json", R"({"a": 0,)");
    CHECK(contains(refusal(), "vocab.json: is not JSON"));
    std::filesystem::remove(directory / "vocab.json");
    write_file(directory / "tokenizer.json",
               R"({"vocab": {"a": 0}, "model": {"other": {"vocab": {"a": 0}}}})");
    CHECK(contains(refusal(), "has no \"model\" with a \"vocab\""));
    write_file(directory / "tokenizer.json", R"({"model": []})");
    CHECK(contains(refusal(), "has no \"model\" with a \"vocab\""));
    write_file(directory / "vocabulary.json", R"({"model": []})");
    CHECK(contains(refusal(), "is not a list of tokens"));
}
