#pragma once
// The tokens a window starts with (openai/whisper, whisper/decoding.py: DecodingTask._get_initial_tokens).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "decoder/vocabulary.h"
#include "model/token.h"

namespace npuscribe {

/// What a window is given beside its audio. An English-only model ignores language and task.
struct PromptParts {
    Task task = Task::transcribe;
    std::string language = {};         // a code that the model knows; empty: detect it
    std::vector<Token> hotwords = {};  // words to expect; the first tokens that fit
    std::vector<Token> previous = {};  // text before the window; the last tokens that fit
    std::vector<Token> prefix = {};    // text that the window begins with; the first tokens that fit
};

struct Prompt {
    std::vector<Token> tokens;
    size_t sot = 0;  // where <|startoftranscript|> stands: its logits give the probability of no speech
    size_t text_begin = 0;  // where the window's own tokens begin: its prefix, if it has one
};

/// Most tokens of given text that a prompt holds: half the text context, less one for <|startofprev|>.
size_t max_previous_tokens(size_t n_text_ctx);

/// [<|startofprev|> hotwords, previous] <|startoftranscript|> [language, task] [<|notimestamps|>]
/// [<|0.00|>, prefix]; without timestamps no <|0.00|>, as faster-whisper's get_prompt has it. All given text
/// shares half of the text context: the prefix takes its room first, then the hotwords. The other half stays
/// for the search. The language must be known.
Prompt make_prompt(const Vocabulary& vocabulary, const PromptParts& parts, bool timestamps,
                   size_t n_text_ctx);

/// The tokens of a prompt, a prefix or hotwords: the text behind one space, as OpenAI encodes it; none for an
/// empty or blank one.
std::vector<Token> given_tokens(const Vocabulary& vocabulary, std::string_view text);

}  // namespace npuscribe
