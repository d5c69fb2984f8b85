#include "model/languages.h"

#include <algorithm>
#include <array>

#include "base/fold.h"

namespace npuscribe {
namespace {

constexpr std::array kLanguages = std::to_array<Language>({
    {"en", "english", "English"},
    {"zh", "chinese", "中文"},
    {"de", "german", "Deutsch"},
    {"es", "spanish", "Español"},
    {"ru", "russian", "Русский"},
    {"ko", "korean", "한국어"},
    {"fr", "french", "Français"},
    {"ja", "japanese", "日本語"},
    {"pt", "portuguese", "Português"},
    {"tr", "turkish", "Türkçe"},
    {"pl", "polish", "Polski"},
    {"ca", "catalan", "Català"},
    {"nl", "dutch", "Nederlands"},
    {"ar", "arabic", "العربية"},
    {"sv", "swedish", "Svenska"},
    {"it", "italian", "Italiano"},
    {"id", "indonesian", "Bahasa Indonesia"},
    {"hi", "hindi", "हिन्दी"},
    {"fi", "finnish", "Suomi"},
    {"vi", "vietnamese", "Tiếng Việt"},
    {"he", "hebrew", "עברית"},
    {"uk", "ukrainian", "Українська"},
    {"el", "greek", "Ελληνικά"},
    {"ms", "malay", "Bahasa Melayu"},
    {"cs", "czech", "Čeština"},
    {"ro", "romanian", "Română"},
    {"da", "danish", "Dansk"},
    {"hu", "hungarian", "Magyar"},
    {"ta", "tamil", "தமிழ்"},
    {"no", "norwegian", "Norsk"},
    {"th", "thai", "ไทย"},
    {"ur", "urdu", "اردو"},
    {"hr", "croatian", "Hrvatski"},
    {"bg", "bulgarian", "Български"},
    {"lt", "lithuanian", "Lietuvių"},
    {"la", "latin", "Latina"},
    {"mi", "maori", "Te reo Māori"},
    {"ml", "malayalam", "മലയാളം"},
    {"cy", "welsh", "Cymraeg"},
    {"sk", "slovak", "Slovenčina"},
    {"te", "telugu", "తెలుగు"},
    {"fa", "persian", "فارسی"},
    {"lv", "latvian", "Latviešu"},
    {"bn", "bengali", "বাংলা"},
    {"sr", "serbian", "Српски"},
    {"az", "azerbaijani", "Azərbaycan"},
    {"sl", "slovenian", "Slovenščina"},
    {"kn", "kannada", "ಕನ್ನಡ"},
    {"et", "estonian", "Eesti"},
    {"mk", "macedonian", "Македонски"},
    {"br", "breton", "Brezhoneg"},
    {"eu", "basque", "Euskara"},
    {"is", "icelandic", "Íslenska"},
    {"hy", "armenian", "Հայերեն"},
    {"ne", "nepali", "नेपाली"},
    {"mn", "mongolian", "Монгол"},
    {"bs", "bosnian", "Bosanski"},
    {"kk", "kazakh", "Қазақша"},
    {"sq", "albanian", "Shqip"},
    {"sw", "swahili", "Kiswahili"},
    {"gl", "galician", "Galego"},
    {"mr", "marathi", "मराठी"},
    {"pa", "punjabi", "ਪੰਜਾਬੀ"},
    {"si", "sinhala", "සිංහල"},
    {"km", "khmer", "ភាសាខ្មែរ"},
    {"sn", "shona", "ChiShona"},
    {"yo", "yoruba", "Yorùbá"},
    {"so", "somali", "Soomaali"},
    {"af", "afrikaans", "Afrikaans"},
    {"oc", "occitan", "Occitan"},
    {"ka", "georgian", "ქართული"},
    {"be", "belarusian", "Беларуская"},
    {"tg", "tajik", "Тоҷикӣ"},
    {"sd", "sindhi", "سنڌي"},
    {"gu", "gujarati", "ગુજરાતી"},
    {"am", "amharic", "አማርኛ"},
    {"yi", "yiddish", "ייִדיש"},
    {"lo", "lao", "ລາວ"},
    {"uz", "uzbek", "Oʻzbekcha"},
    {"fo", "faroese", "Føroyskt"},
    {"ht", "haitian creole", "Kreyòl ayisyen"},
    {"ps", "pashto", "پښتو"},
    {"tk", "turkmen", "Türkmençe"},
    {"nn", "nynorsk", "Nynorsk"},
    {"mt", "maltese", "Malti"},
    {"sa", "sanskrit", "संस्कृतम्"},
    {"lb", "luxembourgish", "Lëtzebuergesch"},
    {"my", "myanmar", "မြန်မာ"},
    {"bo", "tibetan", "བོད་ཡིག"},
    {"tl", "tagalog", "Tagalog"},
    {"mg", "malagasy", "Malagasy"},
    {"as", "assamese", "অসমীয়া"},
    {"tt", "tatar", "Татарча"},
    {"haw", "hawaiian", "ʻŌlelo Hawaiʻi"},
    {"ln", "lingala", "Lingála"},
    {"ha", "hausa", "Hausa"},
    {"ba", "bashkir", "Башҡортса"},
    {"jw", "javanese", "Basa Jawa"},
    {"su", "sundanese", "Basa Sunda"},
    {"yue", "cantonese", "粵語"},
});
static_assert(kLanguages.size() == 100);

struct OtherName {
    std::string_view code;
    std::string_view name;
};
constexpr OtherName kOtherNames[] = {
    // OpenAI's
    {"my", "burmese"},
    {"ca", "valencian"},
    {"nl", "flemish"},
    {"ht", "haitian"},
    {"lb", "letzeburgesch"},
    {"ps", "pushto"},
    {"pa", "panjabi"},
    {"ro", "moldavian"},
    {"ro", "moldovan"},
    {"si", "sinhalese"},
    {"es", "castilian"},
    {"zh", "mandarin"},
    // Today's codes of ISO 639 where Whisper has another, and those of before 1989
    {"jw", "jv"},
    {"he", "iw"},
    {"id", "in"},
    {"yi", "ji"},
    {"no", "nb"},
    {"tl", "fil"},
    {"zh", "cmn"},
    // What speakers call them, too
    {"zh", "普通话"},
    {"zh", "漢語"},
    {"zh", "汉语"},
    {"yue", "粤语"},
    {"yue", "廣東話"},
    {"yue", "广东话"},
    {"no", "norsk bokmål"},
    {"no", "bokmål"},
    {"nn", "norsk nynorsk"},
    {"nl", "vlaams"},
    {"es", "castellano"},
    {"ca", "valencià"},
    {"fa", "farsi"},
    {"tl", "filipino"},
    {"sr", "srpski"},
    {"id", "indonesia"},
    {"ms", "melayu"},
    {"vi", "việt"},
    {"mi", "te reo"},
    {"haw", "ōlelo"},
    {"az", "azərbaycanca"},
    {"uz", "oʻzbek"},
    {"tk", "türkmen"},
    {"kk", "қазақ"},
    {"km", "ខ្មែរ"},
};

// "de" of de-AT, de_DE.UTF-8 and de-Latn-DE-1996 (RFC 5646, and locales of the C library): the part before
// the first mark, if what follows could be a region, a script or a variant. Chinese names Cantonese behind
// it: zh-yue.
std::string_view without_region(std::string_view folded) {
    const size_t at = folded.find_first_of("-_.@");
    if (at != 2 && at != 3) return {};
    const std::string_view rest = folded.substr(at + 1);
    constexpr std::string_view kTag = "abcdefghijklmnopqrstuvwxyz0123456789-_.@";
    if (rest.empty() || rest.find_first_not_of(kTag) != std::string_view::npos) return {};
    const bool cantonese = folded.starts_with("zh") && rest.starts_with("yue");
    return cantonese ? rest.substr(0, 3) : folded.substr(0, at);
}

std::string_view find_code(std::string_view folded) {
    for (const Language& language : kLanguages) {
        if (folded == language.code || folded == language.name || folded == fold(language.native))
            return language.code;
    }
    for (const OtherName& other : kOtherNames) {
        if (folded == fold(other.name)) return other.code;
    }
    return {};
}

}  // namespace

std::span<const Language> whisper_languages() {
    return kLanguages;
}

std::string_view find_language_code(std::string_view code_or_name) {
    const std::string folded = fold(code_or_name);
    if (folded.empty()) return {};
    if (const std::string_view code = find_code(folded); !code.empty()) return code;
    return find_code(without_region(folded));
}

std::string language_name(std::string_view code) {
    const auto known = std::find_if(kLanguages.begin(), kLanguages.end(),
                                    [&](const Language& language) { return language.code == code; });
    std::string name(known == kLanguages.end() ? code : known->name);
    bool begins = known != kLanguages.end();
    for (char& letter : name) {
        if (begins && letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
        begins = letter == ' ';
    }
    return name;
}

}  // namespace npuscribe
