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
    size_t text_begin = 0;  // where the window's own tokens begin: those that stand there are its prefix
};

/// Most tokens of given text that a prompt holds: half the text context, less one for <|startofprev|>.
size_t max_previous_tokens(size_t n_text_ctx);

/// [<|startofprev|> hotwords, tail of `previous`] <|startoftranscript|> [language, task] [<|notimestamps|>]
/// [<|0.00|>, head of `prefix`]; without timestamps no <|0.00|>, as faster-whisper's get_prompt has it.
/// `language` is a code; an English-only model ignores it, and the task. Half of the text context is for all
/// that is given: the prefix has the room first, then the hotwords. The other half stays for the search.
Prompt make_prompt(const Vocabulary& vocabulary, const DecodingOptions& options, std::string_view language,
                   std::span<const Token> previous, size_t n_text_ctx, std::span<const Token> prefix = {});

/// The tokens of a prompt, a prefix or hotwords: the text behind one space, as OpenAI encodes it; none for an
/// empty or blank one.
std::vector<Token> given_tokens(const Vocabulary& vocabulary, std::string_view text);

}  // namespace npuscribe
