#include "output/replacements.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "output/spoken_words.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

bool is_small(char32_t code) {
    return utf8::to_capital(code) != code;
}
bool is_capital(char32_t code) {
    return utf8::to_small(code) != code;
}

/// A character and where it stands.
struct Place {
    char32_t code = 0;
    size_t at = 0;  // byte
};

std::vector<Place> places(std::string_view text) {
    std::vector<Place> out;
    for (size_t at = 0; at < text.size();) {
        const utf8::Character next = utf8::first(text.substr(at));
        out.push_back({next.code, at});
        at += next.size;
    }
    out.push_back({0, text.size()});
    return out;
}

bool is_apostrophe(char32_t code) {
    return code == '\'' || code == 0x2019;
}

/// Part of a word in a script that has spaces between words.
bool in_word(char32_t code) {
    const bool thai_to_myanmar = code >= 0x0E00 && code <= 0x109F;
    return (utf8::is_letter(code) || utf8::is_number(code)) && code < 0x2E80 && !thai_to_myanmar;
}

/// True if a word begins or ends between characters i − 1 and i.
bool is_border(const std::vector<Place>& text, size_t i) {
    if (i == 0 || i + 1 == text.size()) return true;
    const auto part = [&](size_t k) {
        if (in_word(text[k].code)) return true;
        // "it's" is one word.
        return is_apostrophe(text[k].code) && k > 0 && in_word(text[k - 1].code) && in_word(text[k + 1].code);
    };
    return !(part(i - 1) && part(i));
}

std::string with_case_of(std::string_view matched, std::string_view heard, const std::string& wanted) {
    const std::vector<Place> given = places(matched);
    const std::vector<Place> listed = places(heard);
    const auto count = [](const std::vector<Place>& text, bool (*which)(char32_t)) {
        return std::count_if(text.begin(), text.end(), [&](const Place& place) { return which(place.code); });
    };
    const bool all_capitals = count(given, is_small) == 0 && count(given, is_capital) > 1;
    const bool shouted = all_capitals && count(listed, is_small) > 0;
    const bool begins = is_capital(given.front().code) && is_small(listed.front().code);
    std::string out;
    for (const Place& place : places(wanted)) {
        if (place.at == wanted.size()) break;
        utf8::append(out, shouted || (begins && place.at == 0) ? utf8::to_capital(place.code) : place.code);
    }
    return out;
}

std::u32string folded(std::string_view text) {
    std::u32string out;
    for (const Place& place : places(text)) {
        if (place.at == text.size()) break;
        const bool space = utf8::is_space(place.code);
        if (space && (out.empty() || out.back() == ' ')) continue;
        out += space ? U' ' : utf8::to_small(place.code);
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

/// The number of characters from `i` on that `wanted` matches; 0 if it does not.
size_t match(const std::vector<Place>& text, size_t i, const std::u32string& wanted) {
    size_t at = i;
    for (const char32_t code : wanted) {
        if (at + 1 >= text.size()) return 0;
        if (code == ' ') {
            if (!utf8::is_space(text[at].code)) return 0;
            while (at + 1 < text.size() && utf8::is_space(text[at].code)) ++at;
        } else if (utf8::to_small(text[at++].code) != code) {
            return 0;
        }
    }
    return at - i;
}

}  // namespace

Replacements::Replacements(std::string_view text, const std::string& name) {
    size_t number = 0;
    for (std::string_view line : split(text, '\n')) {
        ++number;
        line = strip(line);
        if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
        if (line.empty() || line.starts_with('#')) continue;
        const auto refuse = [&](std::string_view what) {
            throw UsageError(
                fmt::format("{}, line {}: '{}' {}; write it as heard → wanted, for example: cooper "
                            "netties → Kubernetes",
                            name, number, line, what));
        };
        if (valid_utf8(line) != line) refuse("is not UTF-8");
        constexpr std::string_view kArrows[] = {"→", "->"};
        size_t at = std::string_view::npos, length = 0;
        for (const std::string_view arrow : kArrows) {
            if (at != std::string_view::npos) break;
            at = line.find(arrow);
            length = arrow.size();
        }
        if (at == std::string_view::npos) refuse("has no arrow");
        Rule rule{std::string(strip(line.substr(0, at))), {}, one_line(line.substr(at + length))};
        rule.folded = folded(rule.heard);
        if (rule.folded.empty()) refuse("has nothing before its arrow");
        if (rule.wanted.empty()) refuse("has nothing after its arrow");
        rules_.push_back(std::move(rule));
    }
    std::stable_sort(rules_.begin(), rules_.end(),
                     [](const Rule& a, const Rule& b) { return a.folded.size() > b.folded.size(); });
}

std::vector<Replacements::Hit> Replacements::hits(std::string_view text) const {
    std::vector<Hit> out;
    const std::vector<Place> characters = places(text);
    for (size_t i = 0; i + 1 < characters.size();) {
        size_t length = 0;
        if (is_border(characters, i)) {
            for (const Rule& rule : rules_) {
                length = match(characters, i, rule.folded);
                if (length == 0 || !is_border(characters, i + length)) {
                    length = 0;
                    continue;
                }
                const size_t begin = characters[i].at;
                const size_t end = characters[i + length].at;
                out.push_back(
                    {begin, end, with_case_of(text.substr(begin, end - begin), rule.heard, rule.wanted)});
                break;
            }
        }
        i += std::max<size_t>(1, length);
    }
    return out;
}

void Replacements::apply(const std::vector<Hit>& hits, std::vector<Word>& words) {
    for (auto hit = hits.rbegin(); hit != hits.rend(); ++hit) {
        // The words that the hit touches, and where the first of them begins.
        size_t first = 0;
        size_t begin = 0;
        while (begin + words[first].text.size() <= hit->begin) begin += words[first++].text.size();
        size_t last = first;
        size_t end = begin + words[last].text.size();
        while (end < hit->end) end += words[++last].text.size();

        Segment touched;
        touched.start = words[first].start;
        touched.end = words[last].end;
        double probability = 0;
        for (size_t i = first; i <= last; ++i) {
            touched.text += words[i].text;
            probability += words[i].probability / static_cast<double>(last - first + 1);
        }
        touched.text.replace(hit->begin - begin, hit->end - hit->begin, hit->wanted);
        std::vector<Word> fresh = spoken_words(touched);
        for (size_t i = 0; i < fresh.size(); ++i) {
            fresh[i].probability = probability;
            if (fresh.size() != last - first + 1) continue;
            fresh[i].start = words[first + i].start;
            fresh[i].end = words[first + i].end;
        }
        const auto at = words.erase(words.begin() + static_cast<std::ptrdiff_t>(first),
                                    words.begin() + static_cast<std::ptrdiff_t>(last + 1));
        words.insert(at, fresh.begin(), fresh.end());
    }
}

size_t Replacements::apply(Segment& segment) const {
    if (empty()) return 0;
    if (!segment.words.empty()) {
        std::string joined;
        for (const Word& word : segment.words) joined += word.text;
        apply(hits(joined), segment.words);
    }
    const std::vector<Hit> found = hits(segment.text);
    for (auto hit = found.rbegin(); hit != found.rend(); ++hit)
        segment.text.replace(hit->begin, hit->end - hit->begin, hit->wanted);
    return found.size();
}

size_t Replacements::apply(Transcript& transcript) const {
    size_t count = 0;
    for (Segment& segment : transcript.segments) count += apply(segment);
    return count;
}

}  // namespace npuscribe::output
