#pragma once
// Whisper's languages (openai/whisper, whisper/tokenizer.py: LANGUAGES, TO_LANGUAGE_CODE).

#include <span>
#include <string>
#include <string_view>

namespace npuscribe {

struct Language {
    std::string_view code;
    std::string_view name;  // English, lower case
};

/// All 100, in the order of their tokens. Vocabularies before large-v3 end before "yue".
std::span<const Language> whisper_languages();

/// The code of a language, given as its code or its English name in any case, or as one of OpenAI's other
/// names ("flemish" is nl); empty for anything else.
std::string_view find_language_code(std::string_view code_or_name);

}  // namespace npuscribe
