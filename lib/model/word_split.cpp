#include "model/word_split.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/utf8.h"

namespace npuscribe {
namespace {

// Python's str.strip(): White_Space and the four separators U+001C to U+001F.
std::string_view strip(std::string_view text) {
    const auto blank = [](const utf8::Character& c) {
        return c.valid && (utf8::is_space(c.code) || (c.code >= 0x1C && c.code <= 0x1F));
    };
    size_t begin = text.size();
    size_t end = 0;
    for (size_t at = 0; at < text.size();) {
        const utf8::Character c = utf8::first(text.substr(at));
        if (!blank(c)) {
            if (begin > at) begin = at;
            end = at + c.size;
        }
        at += c.size;
    }
    return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

// Python's string.punctuation, in its order: the original asks whether a run is a part of this text, so that
// ")" and
// "()" are punctuation, and so is nothing at all.
constexpr std::string_view kPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

}  // namespace

std::vector<Tokenizer::Word> split_on_characters(const Tokenizer& tokenizer, std::span<const Token> tokens) {
    const std::string whole = tokenizer.decode(tokens);
    std::vector<Tokenizer::Word> words;
    Tokenizer::Word current;
    size_t offset = 0;  // in `whole`, of the run's start
    for (const Token token : tokens) {
        if (token >= tokenizer.eot() && !current.tokens.empty()) {
            offset += current.text.size();
            words.push_back(std::move(current));
            current = {};
        }
        current.tokens.push_back(token);
        current.text = tokenizer.decode(current.tokens);
        const size_t broken = current.text.find(utf8::kReplacement);
        const bool complete =
            broken == std::string::npos || std::string_view(whole)
                                               .substr(std::min(whole.size(), offset + broken))
                                               .starts_with(utf8::kReplacement);
        if (!complete) continue;
        offset += current.text.size();
        words.push_back(std::move(current));
        current = {};
    }
    if (!current.tokens.empty()) {
        if (words.empty() || words.back().tokens.front() >= tokenizer.eot()) {
            words.push_back(std::move(current));
        } else {
            auto& last = words.back();
            last.tokens.insert(last.tokens.end(), current.tokens.begin(), current.tokens.end());
            last.text = tokenizer.decode(last.tokens);
        }
    }
    return words;
}

std::vector<Tokenizer::Word> join_on_spaces(const Tokenizer& tokenizer,
                                            std::vector<Tokenizer::Word> characters) {
    std::vector<Tokenizer::Word> words;
    for (auto& run : characters) {
        const auto special = [&](const Tokenizer::Word& word) {
            return word.tokens.front() >= tokenizer.eot();
        };
        const bool begins = words.empty() || special(run) || special(words.back()) ||
                            run.text.starts_with(' ') ||
                            kPunctuation.find(strip(run.text)) != std::string_view::npos;
        if (begins) {
            words.push_back(std::move(run));
        } else {
            words.back().text += run.text;
            words.back().tokens.insert(words.back().tokens.end(), run.tokens.begin(), run.tokens.end());
        }
    }
    return words;
}

}  // namespace npuscribe
