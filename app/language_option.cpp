#include "language_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/fold.h"
#include "base/text.h"
#include "model/languages.h"
#include "option.h"
#include "spelling.h"

namespace npuscribe::app {
namespace {

// At most three languages whose name `folded` may stand for, as they are shown.
std::vector<std::string> nearest_languages(const std::string& folded) {
    constexpr size_t kShortest = 3;  // fewer letters are near to too many names
    if (folded.size() < kShortest) return {};
    std::map<std::string, std::string> shown;  // by what is compared
    for (const Language& language : whisper_languages()) {
        shown.try_emplace(std::string(language.name), language_name(language.code));
        shown.try_emplace(fold(language.native), language.native);
    }
    std::vector<std::string> known;
    for (const auto& [name, _] : shown) known.push_back(name);
    std::vector<std::string> out;
    for (const std::string& name : nearest(folded, known)) out.push_back(shown.at(name));
    return out;
}

}  // namespace

std::string read_language(const std::string& text) {
    std::string folded = fold(text);
    if (folded == "auto") return "";
    if (folded == kListLanguages) return folded;
    if (const std::string_view code = find_language_code(text); !code.empty()) return std::string(code);
    const std::vector<std::string> near = nearest_languages(folded);
    if (near.empty())
        refuse(text, "--language",
               "a language's code (de), its name (German or Deutsch), or auto; npuscribe -l list prints all "
               "languages");
    const std::vector<std::string_view> names(near.begin(), near.end());
    refuse(text, "--language",
           fmt::format("the name of a language; did you mean {}? npuscribe -l list prints all languages",
                       list_words(names)));
}

std::string read_audio_track(const std::string& text) {
    constexpr long long kMostTracks = 1000;
    std::string folded = fold(text);
    if (folded == "auto") return "";
    if (const auto number = to_whole_number(text, 1, kMostTracks)) return fmt::to_string(*number);
    if (const std::string_view code = find_language_code(text); !code.empty()) return std::string(code);
    const bool is_code = (folded.size() == 2 || folded.size() == 3) &&
                         folded.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == folded.npos;
    if (is_code) return folded;
    refuse(text, "--audio-track",
           "the number of a track from 1, a language as its code (eng, de) or name (German), or auto");
}

std::string language_list() {
    std::vector<Language> all(whisper_languages().begin(), whisper_languages().end());
    std::sort(all.begin(), all.end(), [](const Language& a, const Language& b) { return a.name < b.name; });
    std::string out = fmt::format("{:<6}{:<18}{}\n", "CODE", "LANGUAGE", "ITS OWN NAME");
    for (const Language& language : all)
        out += fmt::format("{:<6}{:<18}{}\n", language.code, language_name(language.code), language.native);
    return out;
}

}  // namespace npuscribe::app
