#include "language_option.h"

#include <algorithm>

#include "transcribe_command.h"

using namespace npuscribe;
using namespace npuscribe::app;
using test_support::parsed;
using test_support::refusal;

TEST_CASE("a language is read as its code, whatever it was named by") {
    const auto language = [](const char* text) {
        return parsed({"-l", text, "a.wav"}).session.transcribe.language;
    };
    CHECK(language("en-US") == "en");
    CHECK(language("pt-BR") == "pt");
    CHECK(language("deutsch") == "de");
    CHECK(language("Español") == "es");
    CHECK(language("Haitian Creole") == "ht");
    CHECK(language("auto").empty());
    CHECK(language("Auto").empty());
    CHECK(language("list") == kListLanguages);
}

TEST_CASE("a mistyped language is suggested by the name that it is near to") {
    CHECK(refusal({"-l", "germn", "a.wav"}) ==
          "invalid value 'germn' for --language: expected the name of a language; did you mean German? "
          "npuscribe -l list prints all languages");
    CHECK(test::contains(refusal({"-l", "franzais", "a.wav"}), "Français"));
    const std::string unknown = refusal({"-l", "klingon", "a.wav"});
    CHECK(test::contains(unknown, "invalid value 'klingon' for --language: expected a language's code (de)"));
    CHECK(test::contains(unknown, "npuscribe -l list"));
    CHECK_FALSE(test::contains(unknown, "did you mean"));
    CHECK_FALSE(refusal({"-l", "", "a.wav"}).empty());
}

TEST_CASE("the list has a line for each of Whisper's 100 languages, and a heading") {
    const std::string list = language_list();
    CHECK(std::count(list.begin(), list.end(), '\n') == 101);
    CHECK(test::contains(list, "\nde    German            Deutsch\n"));
    CHECK(test::contains(list, "\nyue   Cantonese         粵語\n"));
}
