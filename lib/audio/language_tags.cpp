#include "audio/language_tags.h"

#include <algorithm>
#include <array>
#include <string>

namespace npuscribe::audio {
namespace {

// The codes of each language that has several: ISO 639-1, ISO 639-2 by its own name and by its English one,
// and older codes. Those of Whisper's languages; a language that is missing here has one code.
constexpr auto kCodes = std::to_array<std::string_view>({
    "en eng",     "zh zho chi cmn",
    "de deu ger", "es spa",
    "ru rus",     "ko kor",
    "fr fra fre", "ja jpn",
    "pt por",     "tr tur",
    "pl pol",     "ca cat",
    "nl nld dut", "ar ara",
    "sv swe",     "it ita",
    "id ind in",  "hi hin",
    "fi fin",     "vi vie",
    "he heb iw",  "uk ukr",
    "el ell gre", "ms msa may",
    "cs ces cze", "ro ron rum mo mol",
    "da dan",     "hu hun",
    "ta tam",     "no nor nb nob",
    "th tha",     "ur urd",
    "hr hrv scr", "bg bul",
    "lt lit",     "la lat",
    "mi mri mao", "ml mal",
    "cy cym wel", "sk slk slo",
    "te tel",     "fa fas per",
    "lv lav",     "bn ben",
    "sr srp scc", "az aze",
    "sl slv",     "kn kan",
    "et est",     "mk mkd mac",
    "br bre",     "eu eus baq",
    "is isl ice", "hy hye arm",
    "ne nep",     "mn mon",
    "bs bos",     "kk kaz",
    "sq sqi alb", "sw swa",
    "gl glg",     "mr mar",
    "pa pan",     "si sin",
    "km khm",     "sn sna",
    "yo yor",     "so som",
    "af afr",     "oc oci",
    "ka kat geo", "be bel",
    "tg tgk",     "sd snd",
    "gu guj",     "am amh",
    "yi yid ji",  "lo lao",
    "uz uzb",     "fo fao",
    "ht hat",     "ps pus",
    "tk tuk",     "nn nno",
    "mt mlt",     "sa san",
    "lb ltz",     "my mya bur",
    "bo bod tib", "tl tgl fil",
    "mg mlg",     "as asm",
    "tt tat",     "ln lin",
    "ha hau",     "ba bak",
    "jw jv jav",  "su sun",
});

/// The code without its region, in lower case.
std::string bare(std::string_view code) {
    std::string out(code.substr(0, code.find_first_of("-_")));
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

/// True if `code` is one of the words of `row`.
bool holds(std::string_view row, std::string_view code) {
    for (size_t at = 0; at < row.size();) {
        const size_t end = std::min(row.find(' ', at), row.size());
        if (row.substr(at, end - at) == code) return true;
        at = end + 1;
    }
    return false;
}

}  // namespace

bool is_language(std::string_view tag, std::string_view wanted) {
    const std::string have = bare(tag);
    const std::string want = bare(wanted);
    if (have.empty() || want.empty()) return false;
    if (have == want) return true;
    return std::any_of(kCodes.begin(), kCodes.end(),
                       [&](std::string_view row) { return holds(row, have) && holds(row, want); });
}

}  // namespace npuscribe::audio
