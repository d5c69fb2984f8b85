#pragma once
// The tokens a window starts with (openai/whisper, whisper/decoding.py: DecodingTask._get_initial_tokens).

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "decoder/options.h"
#include "decoder/vocabulary.h"

namespace npuscribe {

struct Prompt {
    std::vector<Token> tokens;
    size_t sot = 0;  // where <|startoftranscript|> stands: its logits give the probability of no speech
};

/// Most tokens of previous text that a prompt holds: half the text context, less one for <|startofprev|>.
size_t max_previous_tokens(size_t n_text_ctx);

/// [<|startofprev|> hotwords, tail of `previous`] <|startoftranscript|> [language, task] [<|notimestamps|>].
/// `language` is a code; hotwords have the room first, and half of the text context is for both. An
/// English-only model ignores it, and the task.
Prompt make_prompt(const Vocabulary& vocabulary, const DecodingOptions& options, std::string_view language,
                   std::span<const Token> previous, size_t n_text_ctx);

/// The tokens of --initial-prompt: its text behind one space, as OpenAI encodes it; none for an empty or
/// blank one.
std::vector<Token> initial_prompt_tokens(const Vocabulary& vocabulary, std::string_view initial_prompt);

}  // namespace npuscribe
