#include "output/confidence.h"

#include <algorithm>

#include "base/utf8.h"

namespace npuscribe::output {
namespace {

bool is_timestamp(const std::string& text) {
    return text.starts_with("<|") && text.ends_with("|>");
}

// A token that is part of a character is shown as U+FFFD, and cannot be found in the text.
bool is_whole(const std::string& text) {
    return !text.empty() && text.find(utf8::kReplacement) == std::string::npos;
}

// In scripts without spaces between words (from CJK radicals on; Thai and its neighbours), each token is a
// part.
bool begins_word(const std::string& text) {
    const utf8::Character first = utf8::first(text);
    const bool thai_to_myanmar = first.code >= 0x0E00 && first.code <= 0x109F;
    return utf8::is_space(first.code) || first.code >= 0x2E80 || thai_to_myanmar;
}

void add(std::vector<Part>& out, std::string text, double probability) {
    if (text.empty()) return;
    if (out.empty() || begins_word(text)) {
        out.push_back({std::move(text), probability, nullptr});
    } else {
        out.back().text += text;
        out.back().probability = std::min(*out.back().probability, probability);
    }
}

}  // namespace

std::vector<Part> parts(const Segment& segment) {
    std::vector<Part> out;
    if (!segment.words.empty()) {
        for (const Word& word : segment.words) out.push_back({word.text, word.probability, &word});
        return out;
    }
    size_t at = 0;        // in the segment's text
    double unplaced = 1;  // least probability of the tokens whose text was not found yet
    bool waiting = false;
    for (const TokenDetail& token : segment.token_details) {
        if (is_timestamp(token.text)) continue;
        const size_t found = is_whole(token.text) ? segment.text.find(token.text, at) : std::string::npos;
        if (found == std::string::npos || (found > at && !waiting)) {
            unplaced = std::min(unplaced, token.probability);
            waiting = true;
            continue;
        }
        add(out, segment.text.substr(at, found - at), unplaced);
        add(out, token.text, token.probability);
        at = found + token.text.size();
        unplaced = 1;
        waiting = false;
    }
    if (at < segment.text.size()) {
        if (waiting) {
            add(out, segment.text.substr(at), unplaced);
        } else {
            out.push_back({segment.text.substr(at), std::nullopt, nullptr});
        }
    }
    return out;
}

}  // namespace npuscribe::output
