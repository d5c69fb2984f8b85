#include "output/formats.h"
#include "output/text.h"
#include "output/transcript_json.h"

namespace npuscribe::output {
namespace {

using Json = nlohmann::ordered_json;

// Rounded to milliseconds, as in the subtitles: 1.2, not 1.2000000000000002.
double seconds(double value) {
    return static_cast<double>(milliseconds(value)) / 1000;
}

Json word_json(const Word& word) {
    return {{"word", valid_utf8(word.text)},
            {"start", seconds(word.start)},
            {"end", seconds(word.end)},
            {"probability", word.probability}};
}

Json segment_json(const Segment& segment) {
    Json out = {{"id", segment.id},
                {"seek", segment.seek},
                {"start", seconds(segment.start)},
                {"end", seconds(segment.end)},
                {"text", valid_utf8(segment.text)},
                {"tokens", segment.tokens},
                {"temperature", segment.temperature},
                {"avg_logprob", segment.avg_logprob},
                {"compression_ratio", segment.compression_ratio},
                {"no_speech_prob", segment.no_speech_prob}};
    if (!segment.language.empty()) out["language"] = valid_utf8(segment.language);
    if (!segment.speaker.empty()) out["speaker"] = valid_utf8(segment.speaker);
    if (!segment.words.empty()) {
        Json& words = out["words"] = Json::array();
        for (const Word& word : segment.words) words.push_back(word_json(word));
    }
    return out;
}

}  // namespace

nlohmann::ordered_json transcript_json(const Transcript& transcript) {
    std::string text;
    Json segments = Json::array();
    for (const Segment& segment : transcript.segments) {
        text += valid_utf8(segment.text);
        segments.push_back(segment_json(segment));
    }
    return {{"text", text},
            {"segments", std::move(segments)},
            {"language", valid_utf8(transcript.language)},
            {"language_probability", transcript.language_probability},
            {"duration", seconds(transcript.duration)}};
}

std::string json(const Transcript& transcript) {
    return transcript_json(transcript).dump() + "\n";  // NaN and infinity, which JSON lacks, become null
}

}  // namespace npuscribe::output
