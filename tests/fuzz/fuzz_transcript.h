#pragma once
// A transcript made of an input: any bytes as texts, any numbers as times.

#include "fuzz_input.h"
#include "transcribe/types.h"

namespace npuscribe::fuzz {

inline Word word_of(Cutter& input) {
    Word word;
    word.start = input.number();
    word.end = input.number();
    word.text = input.text();
    word.probability = input.number();
    return word;
}

inline Segment segment_of(Cutter& input) {
    Segment segment;
    segment.start = input.number();
    segment.end = input.number();
    segment.text = input.text();
    segment.avg_logprob = input.number();
    segment.compression_ratio = input.number();
    segment.no_speech_prob = input.number();
    const uint8_t extras = input.byte();
    if ((extras & 1) != 0) segment.speaker = input.text();
    if ((extras & 2) != 0) segment.language = input.text();
    if ((extras & 4) != 0) {
        segment.tokens = {1, 2};
        segment.token_details.push_back({1, std::string(input.text()), input.number()});
    }
    for (size_t words = input.below(16); words > 0 && !input.done(); --words)
        segment.words.push_back(word_of(input));
    if ((extras & 8) != 0) {  // as the pipeline makes them: the words are the text
        segment.text.clear();
        for (const Word& word : segment.words) segment.text += word.text;
    }
    return segment;
}

inline Transcript transcript_of(Cutter& input) {
    Transcript transcript;
    transcript.language = input.text();
    transcript.language_probability = input.number();
    transcript.duration = input.number();
    while (!input.done() && transcript.segments.size() < 64) transcript.segments.push_back(segment_of(input));
    return transcript;
}

}  // namespace npuscribe::fuzz
