#pragma once
// The tokens that the search treats specially. They are apart from the tokenizer, which knows all of them,
// because rules and prompts need a handful of ids, and tests have a vocabulary of a few words.

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"

namespace npuscribe {

struct Vocabulary {
    struct Language {
        std::string code;
        Token token = 0;
    };

    size_t size = 0;
    bool multilingual = true;
    Token eot = 0;  // the first special token: those below are text
    Token sot = 0;
    Token translate = 0;
    Token transcribe = 0;
    Token sot_lm = 0;
    Token sot_prev = 0;
    Token no_speech = 0;
    Token no_timestamps = 0;
    Token timestamp_begin = 0;  // <|0.00|>; all tokens from here on are timestamps
    std::vector<Language> languages;
    std::vector<Token> blank;       // " "
    std::vector<Token> non_speech;  // what −1 in DecodingOptions::suppress_tokens stands for

    /// Text of a run of tokens, valid UTF-8; special tokens and timestamps are skipped.
    std::function<std::string(std::span<const Token>)> text;
    std::function<std::vector<Token>(std::string_view utf8)> encode;
    /// Text tokens as words of a language (Tokenizer::split_words).
    std::function<std::vector<Tokenizer::Word>(std::span<const Token>, std::string_view language)>
        split_words;

    bool is_timestamp(Token token) const { return token >= timestamp_begin; }
    /// Nothing if the model does not know the language.
    std::optional<Token> language_token(std::string_view code) const;
};

/// Seconds from one timestamp token to the next.
inline constexpr double kTimestampSeconds = 0.02;

/// `tokenizer` must outlive the result.
Vocabulary make_vocabulary(const Tokenizer& tokenizer);

}  // namespace npuscribe
