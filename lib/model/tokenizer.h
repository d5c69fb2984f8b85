#pragma once
// Whisper's byte-level BPE (openai/whisper, whisper/tokenizer.py).

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/dimensions.h"
#include "model/token.h"

namespace npuscribe {

class BytePairs;
class Checkpoint;

class Tokenizer {
  public:
    /// Reads tokenizer.json, or vocab.json (+ merges.txt), or vocabulary.json / vocabulary.txt, from a model
    /// directory. Throws ModelError if there is none or it does not fit `dimensions.n_vocab`.
    Tokenizer(const std::filesystem::path& directory, const Dimensions& dimensions);
    /// Takes the vocabulary of `checkpoint`, which was opened from `path`; if it has none, reads the one in
    /// the directory `path`.
    Tokenizer(const Checkpoint& checkpoint, const std::filesystem::path& path);
    ~Tokenizer();
    Tokenizer(Tokenizer&&) noexcept;

    bool multilingual() const;
    size_t n_vocab() const;

    // Special tokens. In an English-only model those that it does not use are distinct ids all the same.
    Token eot() const;
    Token sot() const;
    Token translate() const;
    Token transcribe() const;
    Token sot_lm() const;
    Token sot_prev() const;
    Token no_speech() const;
    Token no_timestamps() const;
    Token timestamp_begin() const;  // <|0.00|>; each following token is 20 ms later, up to <|30.00|>

    /// Language codes in token order ("en", "zh", …); their tokens are sot()+1 …
    std::span<const std::string> languages() const;
    /// The token of a language, given as its code ("de") or its English name in any case ("German"); none if
    /// this model has no such language.
    std::optional<Token> language_token(std::string_view code_or_name) const;
    std::string_view language_code(Token language) const;

    /// The bytes of the text tokens, without special and timestamp tokens. May end inside a UTF-8 character.
    std::string bytes(std::span<const Token> tokens) const;
    /// Like `bytes`, with anything that is not UTF-8 replaced by U+FFFD.
    std::string decode(std::span<const Token> tokens) const;
    /// Converts text to tokens, with GPT-2's pre-tokenisation and merges. Never yields special tokens.
    std::vector<Token> encode(std::string_view utf8) const;
    /// Groups tokens into words: at spaces and punctuation, or by character for languages written without
    /// spaces (zh, ja, th, lo, my, yue). The text of each word is valid UTF-8.
    struct Word {
        std::string text;
        std::vector<Token> tokens;
    };
    std::vector<Word> split_words(std::span<const Token> tokens, std::string_view language_code) const;

    /// Brackets, music notes, speakers' dashes …: what -1 in OpenAI's --suppress-tokens stands for.
    const std::vector<Token>& non_speech_tokens() const;

  private:
    struct Impl;
    Tokenizer(BytePairs text, const Dimensions& dimensions);
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
