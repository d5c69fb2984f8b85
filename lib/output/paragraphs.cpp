#include "output/paragraphs.h"

#include <utility>

#include "output/spoken_words.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

constexpr double kPause = 2;     // seconds
constexpr double kEnough = 120;  // words

double words_in(const std::string& text) {
    const size_t wide = columns(text) - characters(text);
    return wide > 0 ? static_cast<double>(wide) / 2 : 1;
}

}  // namespace

std::vector<Paragraph> paragraphs(const Transcript& transcript) {
    std::vector<Paragraph> out;
    double last_end = 0;
    double count = 0;
    std::string last_word;
    for (const Segment& segment : transcript.segments) {
        const std::string speaker = one_line(segment.speaker);
        for (const Word& word : spoken_words(segment)) {
            if (one_line(word.text).empty()) continue;
            const bool full = count >= kEnough && ends_sentence(last_word, word.text);
            if (out.empty() || out.back().speaker != speaker || word.start - last_end > kPause || full) {
                out.push_back({word.start, speaker, ""});
                count = 0;
            }
            out.back().text += word.text;
            count += words_in(word.text);
            last_end = word.end;
            last_word = word.text;
        }
    }
    for (Paragraph& paragraph : out) paragraph.text = one_line(paragraph.text);
    return out;
}

}  // namespace npuscribe::output
