#pragma once
// Whisper's languages (openai/whisper, whisper/tokenizer.py: LANGUAGES, TO_LANGUAGE_CODE), and their names in
// the languages themselves.

#include <span>
#include <string>
#include <string_view>

namespace npuscribe {

struct Language {
    std::string_view code;
    std::string_view name;    // English, lower case
    std::string_view native;  // as its speakers write it
};

/// All 100, in the order of their tokens. Vocabularies before large-v3 end before "yue".
std::span<const Language> whisper_languages();

/// The code of a language, given as its code, with a region or not ("pt-BR", "de_DE.UTF-8"), as its English
/// or its own name ("German", "Deutsch"), or as another name that it is known by ("Flemish" is nl). Case and
/// accents do not matter. Empty for anything else.
std::string_view find_language_code(std::string_view code_or_name);

/// The English name of a language with this code, such as "Haitian Creole"; `code` itself if it is none.
std::string language_name(std::string_view code);

}  // namespace npuscribe
