#include "model/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "model/byte_pairs.h"
#include "model/checkpoint.h"
#include "model/languages.h"
#include "model/vocabulary_files.h"
#include "model/word_split.h"

namespace npuscribe {
namespace {

// Ids that every Whisper vocabulary has apart from text and languages: <|endoftext|>, <|startoftranscript|>,
// six after the languages, and 1,501 timestamps (whisper/tokenizer.py: get_encoding).
constexpr size_t kTextTokens = 50257;  // multilingual; GPT-2's, which is the English-only one, has one fewer
constexpr size_t kTimestamps = 1501;   // 0.00 to 30.00 s
constexpr size_t kSpecialTokens = 8;

size_t text_tokens(const Dimensions& d, const std::filesystem::path& directory) {
    const size_t n_text = d.multilingual() ? kTextTokens : kTextTokens - 1;
    const size_t rest = n_text + kSpecialTokens + kTimestamps;
    if (d.n_vocab != rest + 99 && d.n_vocab != rest + 100)
        throw ModelError(fmt::format(
            "{}: the model has {} tokens; Whisper's vocabularies have 51864 (English only), 51865 or 51866",
            directory.string(), d.n_vocab));
    return n_text;
}

BytePairs vocabulary_of(const Checkpoint& checkpoint, const std::filesystem::path& path) {
    const size_t n_text = text_tokens(checkpoint.dimensions(), path);
    auto carried = checkpoint.vocabulary(n_text);
    return carried ? std::move(*carried) : read_vocabulary(path, n_text);
}

// whisper/tokenizer.py: non_speech_tokens. As single tokens, alone and behind a space.
constexpr std::string_view kSymbols[] = {
    "\"",  "#",  "(",  ")",  "*",   "+",  "/",  ":",   ";",   "<",  "=",  ">",  "@",  "[",   "\\",  "]",
    "^",   "_",  "`",  "{",  "|",   "}",  "~",  "「",  "」",  "『", "』", "<<", ">>", "<<<", ">>>", "--",
    "---", "-(", "-[", "('", "(\"", "((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪",  "♪♪♪"};
// One token or several: of several the first is taken, which these characters share (U+2640 to U+267F).
constexpr std::string_view kNotes[] = {"♩", "♪", "♫", "♬", "♭", "♮", "♯"};

// What every start of a decoder encodes: the above, and the blank " ".
std::string non_speech_alphabet() {
    std::string alphabet = " -'";
    for (const std::string_view symbol : kSymbols) alphabet += symbol;
    for (const std::string_view note : kNotes) alphabet += note;
    return alphabet;
}

}  // namespace

struct Tokenizer::Impl {
    Dimensions dimensions;
    BytePairs text;
    std::vector<std::string> languages;
    std::once_flag few_indexed;
    std::once_flag all_indexed;
    std::optional<TokenIndex> few;  // of the non-speech symbols
    std::optional<TokenIndex> all;
    std::once_flag non_speech_found;
    std::vector<Token> non_speech;

    Token eot() const { return static_cast<Token>(text.size()); }
    Token after_languages(int offset) const {
        return eot() + 2 + static_cast<Token>(languages.size()) + offset;
    }
    bool is_text(Token token) const { return token >= 0 && token < eot(); }

    // Decoding alone never pays for the index of all tokens: prompts and hotwords do.
    const TokenIndex& index_for(std::string_view utf8) {
        std::call_once(few_indexed, [this] { few.emplace(text, non_speech_alphabet()); });
        if (few->covers(utf8)) return *few;
        std::call_once(all_indexed, [this] { all.emplace(text); });
        return *all;
    }

    void encode(std::string_view utf8, std::vector<Token>& tokens) {
        const TokenIndex& index = index_for(utf8);
        while (!utf8.empty()) {
            const size_t size = first_piece(utf8);
            index.encode_piece(utf8.substr(0, size), tokens);
            utf8.remove_prefix(size);
        }
    }

    std::vector<Token> find_non_speech() {
        std::vector<Token> found;
        std::vector<Token> tokens;
        const auto add = [&](const std::string& symbol, bool any_length) {
            tokens.clear();
            encode(symbol, tokens);
            if (!tokens.empty() && (any_length || tokens.size() == 1)) found.push_back(tokens.front());
        };
        add(" -", true);  // between words they are fine, at the start of one they are a speaker's turn or a
                          // quotation
        add(" '", true);
        for (const std::string_view symbol : kSymbols) {
            add(std::string(symbol), false);
            add(std::string(" ").append(symbol), false);
        }
        for (const std::string_view note : kNotes) {
            add(std::string(note), true);
            add(std::string(" ").append(note), true);
        }
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        return found;
    }
};

Tokenizer::Tokenizer(const std::filesystem::path& directory, const Dimensions& dimensions)
    : Tokenizer(read_vocabulary(directory, text_tokens(dimensions, directory)), dimensions) {}

Tokenizer::Tokenizer(const Checkpoint& checkpoint, const std::filesystem::path& path)
    : Tokenizer(vocabulary_of(checkpoint, path), checkpoint.dimensions()) {}

Tokenizer::Tokenizer(BytePairs text, const Dimensions& dimensions) : impl_(std::make_unique<Impl>()) {
    impl_->dimensions = dimensions;
    impl_->text = std::move(text);
    for (const Language& language : whisper_languages().first(dimensions.n_languages())) {
        impl_->languages.emplace_back(language.code);
    }
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

bool Tokenizer::multilingual() const {
    return impl_->dimensions.multilingual();
}
size_t Tokenizer::n_vocab() const {
    return impl_->dimensions.n_vocab;
}

Token Tokenizer::eot() const {
    return impl_->eot();
}
Token Tokenizer::sot() const {
    return impl_->eot() + 1;
}
Token Tokenizer::translate() const {
    return impl_->after_languages(0);
}
Token Tokenizer::transcribe() const {
    return impl_->after_languages(1);
}
Token Tokenizer::sot_lm() const {
    return impl_->after_languages(2);
}
Token Tokenizer::sot_prev() const {
    return impl_->after_languages(3);
}
Token Tokenizer::no_speech() const {
    return impl_->after_languages(4);
}
Token Tokenizer::no_timestamps() const {
    return impl_->after_languages(5);
}
Token Tokenizer::timestamp_begin() const {
    return impl_->after_languages(6);
}

std::span<const std::string> Tokenizer::languages() const {
    return impl_->languages;
}

std::optional<Token> Tokenizer::language_token(std::string_view code_or_name) const {
    const std::string_view code = find_language_code(code_or_name);
    const auto& known = impl_->languages;
    const auto found = std::find(known.begin(), known.end(), code);
    if (code.empty() || found == known.end()) return std::nullopt;
    return sot() + 1 + static_cast<Token>(found - known.begin());
}

std::string_view Tokenizer::language_code(Token language) const {
    const Token first = sot() + 1;
    if (language < first || language >= translate()) return {};
    return impl_->languages[static_cast<size_t>(language - first)];
}

std::string Tokenizer::bytes(std::span<const Token> tokens) const {
    std::string text;
    for (const Token token : tokens) {
        if (impl_->is_text(token)) text += impl_->text.bytes(static_cast<size_t>(token));
    }
    return text;
}

std::string Tokenizer::decode(std::span<const Token> tokens) const {
    return utf8::repair(bytes(tokens));
}

std::vector<Token> Tokenizer::encode(std::string_view utf8) const {
    std::vector<Token> tokens;
    impl_->encode(utf8, tokens);
    return tokens;
}

std::vector<Tokenizer::Word> Tokenizer::split_words(std::span<const Token> tokens,
                                                    std::string_view language_code) const {
    constexpr std::string_view without_spaces[] = {"zh", "ja", "th", "lo", "my", "yue"};
    const bool by_character = std::find(std::begin(without_spaces), std::end(without_spaces),
                                        language_code) != std::end(without_spaces);
    auto characters = split_on_characters(*this, tokens);
    return by_character ? characters : join_on_spaces(*this, std::move(characters));
}

const std::vector<Token>& Tokenizer::non_speech_tokens() const {
    std::call_once(impl_->non_speech_found, [this] { impl_->non_speech = impl_->find_non_speech(); });
    return impl_->non_speech;
}

}  // namespace npuscribe
