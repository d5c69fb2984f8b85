#include "decoder/prompt.h"

#include <algorithm>
#include <span>
#include <string>

#include "base/text.h"

namespace npuscribe {

size_t max_previous_tokens(size_t n_text_ctx) {
    return n_text_ctx / 2 > 1 ? n_text_ctx / 2 - 1 : 0;
}

Prompt make_prompt(const Vocabulary& vocabulary, const PromptParts& parts, bool timestamps,
                   size_t n_text_ctx) {
    size_t room = max_previous_tokens(n_text_ctx);
    const auto take = [&room](size_t count) {
        count = std::min(count, room);
        room -= count;
        return count;
    };
    const auto prefix = std::span(parts.prefix).first(take(parts.prefix.size()));
    const auto hotwords = std::span(parts.hotwords).first(take(parts.hotwords.size()));
    const auto previous = std::span(parts.previous).last(take(parts.previous.size()));

    Prompt prompt;
    const auto append = [&prompt](std::span<const Token> tokens) {
        prompt.tokens.insert(prompt.tokens.end(), tokens.begin(), tokens.end());
    };
    if (!hotwords.empty() || !previous.empty()) {
        prompt.tokens.push_back(vocabulary.sot_prev);
        append(hotwords);
        append(previous);
    }
    prompt.sot = prompt.tokens.size();
    prompt.tokens.push_back(vocabulary.sot);
    if (vocabulary.multilingual) {
        prompt.tokens.push_back(vocabulary.language_token(parts.language).value());
        prompt.tokens.push_back(parts.task == Task::translate ? vocabulary.translate : vocabulary.transcribe);
    }
    if (!timestamps) prompt.tokens.push_back(vocabulary.no_timestamps);
    prompt.text_begin = prompt.tokens.size();
    if (prefix.empty()) return prompt;
    if (timestamps) prompt.tokens.push_back(vocabulary.timestamp_begin);
    append(prefix);
    return prompt;
}

std::vector<Token> given_tokens(const Vocabulary& vocabulary, std::string_view text) {
    const std::string_view stripped = strip(text);
    if (stripped.empty()) return {};
    return vocabulary.encode(std::string(" ").append(stripped));
}

}  // namespace npuscribe
