#include "transcript_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "output/confidence.h"
#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::app {
namespace {

struct Shade {
    double below;  // this probability
    const char* sequence;
};
// The deepest first. Yellow and red are the terminal's own, so that they can be read on its background.
constexpr Shade kShades[] = {{0.25, "\x1B[1;31m"}, {0.5, "\x1B[31m"}, {0.75, "\x1B[33m"}};
constexpr const char* kPlain = "\x1B[0m";

// Spaces keep their colour: only the word is shaded.
std::string shaded(const std::string& text, std::optional<double> probability) {
    const size_t begin = text.find_first_not_of(' ');
    if (!probability || begin == std::string::npos) return text;
    for (const Shade& shade : kShades) {
        if (*probability < shade.below)
            return fmt::format("{}{}{}{}", text.substr(0, begin), shade.sequence, text.substr(begin), kPlain);
    }
    return text;
}

std::string colored(const Segment& segment) {
    std::string out;
    for (const output::Part& part : output::parts(segment)) {
        std::string text = output::flat(part.text);
        if (out.empty()) text.erase(0, text.find_first_not_of(' '));
        out += shaded(text, part.probability);
    }
    if (segment.speaker.empty()) return out;
    return fmt::format("(speaker {}) {}", output::one_line(segment.speaker), out);
}

}  // namespace

std::string transcript_line(const Segment& segment, const LineStyle& style) {
    std::string text = output::line(segment);
    if (text.empty()) return text;
    if (style.colors) text = colored(segment);
    if (!style.timestamps) return text;
    const auto clock = [](double seconds) {
        return output::timestamp(output::milliseconds(seconds), '.', false);
    };
    return fmt::format("[{} --> {}]  {}", clock(segment.start), clock(segment.end), text);
}

bool stdout_has_colors() {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0') && term != nullptr &&
           std::strcmp(term, "dumb") != 0;
}

}  // namespace npuscribe::app
