#pragma once
// A transcript as paragraphs, for text that people edit.

#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

struct Paragraph {
    double start = 0;     // seconds in the file
    std::string speaker;  // one line; empty if there is none
    std::string text;     // one line, not empty
};

/// A new paragraph begins at a pause of more than 2 s, at a change of speaker, and at the end of a sentence
/// once a paragraph has 120 words. In scripts without spaces, two wide characters count as a word.
std::vector<Paragraph> paragraphs(const Transcript& transcript);

}  // namespace npuscribe::output
