#include "decoder/vocabulary.h"

namespace npuscribe {

std::optional<Token> Vocabulary::language_token(std::string_view code) const {
    for (const Language& language : languages) {
        if (language.code == code) return language.token;
    }
    return std::nullopt;
}

Vocabulary make_vocabulary(const Tokenizer& tokenizer) {
    Vocabulary v;
    v.size = tokenizer.n_vocab();
    v.multilingual = tokenizer.multilingual();
    v.eot = tokenizer.eot();
    v.sot = tokenizer.sot();
    v.translate = tokenizer.translate();
    v.transcribe = tokenizer.transcribe();
    v.sot_lm = tokenizer.sot_lm();
    v.sot_prev = tokenizer.sot_prev();
    v.no_speech = tokenizer.no_speech();
    v.no_timestamps = tokenizer.no_timestamps();
    v.timestamp_begin = tokenizer.timestamp_begin();
    for (const std::string& code : tokenizer.languages()) {
        if (const auto token = tokenizer.language_token(code)) v.languages.push_back({code, *token});
    }
    v.blank = tokenizer.encode(" ");
    v.non_speech = tokenizer.non_speech_tokens();
    v.text = [&tokenizer](std::span<const Token> tokens) { return tokenizer.decode(tokens); };
    v.encode = [&tokenizer](std::string_view utf8) { return tokenizer.encode(utf8); };
    v.split_words = [&tokenizer](std::span<const Token> tokens, std::string_view language) {
        return tokenizer.split_words(tokens, language);
    };
    return v;
}

}  // namespace npuscribe
