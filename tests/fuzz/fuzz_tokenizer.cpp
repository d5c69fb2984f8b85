// Tokens of any text give the text again, and any tokens give valid UTF-8, split into words or not.

#include <vector>

#include "base/utf8.h"
#include "fuzz_input.h"
#include "model/languages.h"
#include "model/model.h"
#include "random_model.h"
#include "temporary_directory.h"

namespace {

using namespace npuscribe;

Tokenizer tokenizer_of(size_t n_vocab) {
    const test::TemporaryDirectory directory;
    test::write_random_model(directory.path(), {.dimensions = test::small_dimensions(1, n_vocab)});
    return Tokenizer(directory.path(), test::small_dimensions(1, n_vocab));
}

void check_text(const Tokenizer& tokenizer, std::string_view text) {
    fuzz::require(tokenizer.bytes(tokenizer.encode(text)) == text);
    tokenizer.language_token(text);
    find_language_code(text);
}

void check_tokens(const Tokenizer& tokenizer, fuzz::Cutter& input) {
    const std::string_view language = input.text();
    std::vector<Token> tokens;
    while (!input.done()) tokens.push_back(static_cast<Token>(input.word() >> 14) - 1000);
    const std::string text = tokenizer.decode(tokens);
    fuzz::require(text == utf8::repair(text));
    std::string joined;
    size_t count = 0;
    for (const Tokenizer::Word& word : tokenizer.split_words(tokens, language)) {
        joined += word.text;
        count += word.tokens.size();
    }
    fuzz::require(joined == utf8::repair(joined) && count <= tokens.size());
    for (const Token token : tokens) tokenizer.language_code(token);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Tokenizer english = tokenizer_of(51864);
    static const Tokenizer multilingual = tokenizer_of(51866);
    fuzz::Cutter input(data, size);
    const uint8_t choice = input.byte();
    const Tokenizer& tokenizer = (choice & 1) != 0 ? english : multilingual;
    if ((choice & 2) != 0) {
        check_text(tokenizer, input.rest());
    } else {
        check_tokens(tokenizer, input);
    }
    return 0;
}
