#include "decoder/prompt.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "decoder/fallback.h"

namespace npuscribe {

size_t max_previous_tokens(size_t n_text_ctx) {
    return n_text_ctx / 2 > 1 ? n_text_ctx / 2 - 1 : 0;
}

Prompt make_prompt(const Vocabulary& vocabulary, const DecodingOptions& options, std::string_view language,
                   std::span<const Token> previous, size_t n_text_ctx, std::span<const Token> prefix) {
    Prompt prompt;
    size_t room = max_previous_tokens(n_text_ctx);
    prefix = prefix.first(std::min(prefix.size(), room));
    room -= prefix.size();
    std::vector<Token> before = given_tokens(vocabulary, options.hotwords);
    before.resize(std::min(before.size(), room));
    const auto tail = previous.last(std::min(previous.size(), room - before.size()));
    before.insert(before.end(), tail.begin(), tail.end());
    if (!before.empty()) {
        prompt.tokens.push_back(vocabulary.sot_prev);
        prompt.tokens.insert(prompt.tokens.end(), before.begin(), before.end());
    }
    prompt.sot = prompt.tokens.size();
    prompt.tokens.push_back(vocabulary.sot);
    if (vocabulary.multilingual) {
        prompt.tokens.push_back(vocabulary.language_token(language));
        prompt.tokens.push_back(options.task == Task::translate ? vocabulary.translate
                                                                : vocabulary.transcribe);
    }
    if (options.without_timestamps) prompt.tokens.push_back(vocabulary.no_timestamps);
    prompt.text_begin = prompt.tokens.size();
    if (prefix.empty()) return prompt;
    if (!options.without_timestamps) prompt.tokens.push_back(vocabulary.timestamp_begin);
    prompt.tokens.insert(prompt.tokens.end(), prefix.begin(), prefix.end());
    return prompt;
}

std::vector<Token> given_tokens(const Vocabulary& vocabulary, std::string_view text) {
    const std::string_view stripped = strip(text);
    if (stripped.empty()) return {};
    return vocabulary.encode(std::string(" ").append(stripped));
}

}  // namespace npuscribe
