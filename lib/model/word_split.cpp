#include "model/word_split.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/utf8.h"

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

// Where characters (and what stands for none) end in `bytes`: at [i] where one ends after i bytes.
std::vector<bool> character_ends(std::string_view bytes) {
    std::vector<bool> ends(bytes.size() + 1);
    ends[0] = true;
    for (size_t at = 0; at < bytes.size(); ends[at] = true) at += utf8::first(bytes.substr(at)).size;
    return ends;
}

// Of text tokens only. The original decodes ever longer runs until no U+FFFD is left in them; cutting where a
// token ends together with a character is the same for well-formed text, and does not stumble over what is
// not.
void split_text(const Tokenizer& tokenizer, std::span<const Token> tokens,
                std::vector<Tokenizer::Word>& runs) {
    const auto ends = character_ends(tokenizer.bytes(tokens));
    Tokenizer::Word run;
    size_t at = 0;
    for (const Token token : tokens) {
        run.tokens.push_back(token);
        at += tokenizer.bytes({&token, 1}).size();
        if (!ends[at]) continue;
        run.text = tokenizer.decode(run.tokens);
        runs.push_back(std::move(run));
        run = {};
    }
}

}  // namespace

std::vector<Tokenizer::Word> split_on_characters(const Tokenizer& tokenizer, std::span<const Token> tokens) {
    std::vector<Tokenizer::Word> runs;
    while (!tokens.empty()) {
        const auto special =
            std::find_if(tokens.begin(), tokens.end(), [&](Token t) { return t >= tokenizer.eot(); });
        const auto text = tokens.first(static_cast<size_t>(special - tokens.begin()));
        split_text(tokenizer, text, runs);
        tokens = tokens.subspan(text.size());
        if (tokens.empty()) break;
        runs.push_back({"", {tokens.front()}});
        tokens = tokens.subspan(1);
    }
    return runs;
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
