#include "model/languages.h"

#include <map>
#include <string>

#include "base/fold.h"
#include "base/text.h"
#include "catch.h"

using namespace npuscribe;

namespace {

// ASCII alone, as Caps Lock does it.
std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return out;
}

}  // namespace

TEST_CASE("every language is found by its code, its English name and its own name, in any case") {
    for (const Language& language : whisper_languages()) {
        INFO(language.code << ' ' << language.native);
        for (const std::string_view name : {language.code, language.name, language.native}) {
            CHECK(find_language_code(name) == language.code);
            CHECK(find_language_code(upper(name)) == language.code);
            CHECK(find_language_code(fold(name)) == language.code);
        }
        CHECK(fold(language_name(language.code)) == fold(language.name));
    }
}

TEST_CASE("no two languages have a name in common") {
    std::map<std::string, std::string_view> owner;
    for (const Language& language : whisper_languages()) {
        for (const std::string_view name : {language.code, language.name, language.native}) {
            const auto [found, added] = owner.try_emplace(fold(name), language.code);
            INFO(language.code << ' ' << name << ' ' << found->second);
            CHECK((added || found->second == language.code));
        }
    }
}

TEST_CASE("a region, a script or an encoding behind a code changes nothing") {
    CHECK(find_language_code("en-US") == "en");
    CHECK(find_language_code("pt_BR") == "pt");
    CHECK(find_language_code("de_DE.UTF-8") == "de");
    CHECK(find_language_code("ca@valencia") == "ca");
    CHECK(find_language_code("zh-Hant-TW") == "zh");
    CHECK(find_language_code("es-419") == "es");
    CHECK(find_language_code("fil-PH") == "tl");
    CHECK(find_language_code("zh-yue") == "yue");  // RFC 5646's extended language
}

TEST_CASE("codes of ISO 639 that Whisper has under another are found") {
    CHECK(find_language_code("jv") == "jw");
    CHECK(find_language_code("nb") == "no");
    CHECK(find_language_code("iw") == "he");
}

TEST_CASE("accents may be there or not") {
    CHECK(find_language_code("espanol") == "es");
    CHECK(find_language_code("ESPAÑOL") == "es");
    CHECK(find_language_code("ελληνικα") == "el");
    CHECK(find_language_code("РУССКИЙ") == "ru");
    CHECK(find_language_code("tieng viet") == "vi");
    CHECK(find_language_code("norsk bokmål") == "no");
}

TEST_CASE("what is no language has no code") {
    for (const char* text : {"", " ", "klingon", "xx-US", "en-", "en-U S", "germn", "\xFF", "-US"})
        CHECK(find_language_code(text).empty());
}

TEST_CASE("a language's name begins with a capital letter") {
    CHECK(language_name("en") == "English");
    CHECK(language_name("ht") == "Haitian Creole");
    CHECK(language_name("xx") == "xx");
}
