#pragma once
// A segment as stdout shows it.

#include <string>

#include "transcribe/types.h"

namespace npuscribe::app {

struct LineStyle {
    bool timestamps = false;  // "[00:00.000 --> 00:04.600]  " before the text, as openai-whisper prints it
    bool colors = false;      // words in colours of the model's confidence, by escape sequences
};

/// The segment's text on one line, without a newline, after its speaker if it has one. Empty if it has no
/// text. Words whose probability is at least 0.75 keep the terminal's own colour; below that, the lower
/// the probability, the redder the word. The limits are those of the page (lib/output/html.cpp).
std::string transcript_line(const Segment& segment, const LineStyle& style);

/// Whether stdout is a terminal that shows colours: TERM is not "dumb", and NO_COLOR (https://no-color.org)
/// is not set.
bool stdout_has_colors();

}  // namespace npuscribe::app
