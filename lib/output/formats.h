#pragma once
// Transcripts as text in the formats that openai-whisper writes (whisper/utils.py), and whisper.cpp's csv and
// lrc. Each gives a whole file's bytes, valid UTF-8 whatever the transcript holds; atomic_file.h puts them on
// disk.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "output/subtitles.h"
#include "transcribe/types.h"

namespace npuscribe::output {

/// A segment's text on one line, after "(speaker 0) " where it has a speaker (whisper.cpp's --diarize); empty
/// where it has no text.
std::string line(const Segment&);

/// One line a segment.
std::string txt(const Transcript&);
/// SubRip.
std::string srt(const Transcript&, const SubtitleOptions& = {});
/// WebVTT (W3C), with its character escapes.
std::string vtt(const Transcript&, const SubtitleOptions& = {});
/// start, end (milliseconds), speaker where there are speakers, and text, with a header line.
std::string tsv(const Transcript&);
/// OpenAI's fields: text, segments[{id, seek, start, end, text, tokens, temperature, avg_logprob,
/// compression_ratio, no_speech_prob, speaker?, words?}], language; and language_probability, duration.
std::string json(const Transcript&);
/// The same with commas, the text in quotes (RFC 4180; whisper.cpp's).
std::string csv(const Transcript&);
/// LRC, as players show it with music: "[mm:ss.xx]text".
std::string lrc(const Transcript&);
/// What a page says of its recording.
struct PageOptions {
    std::string title;  // any bytes
    std::string
        audio_url;  // of the recording, relative to the page (markup.h: relative_url); empty: no player
    std::string audio_name;  // of its file, for messages; any bytes
};
/// A page (HTML) that plays the recording and lights up what is said: one file that needs no network. Words
/// that have times can be clicked, else segments; what the model was less sure of is shaded.
std::string html(const Transcript&, const PageOptions& = {});
/// As json, and token_details[{id, text, probability}] in each segment.
std::string json_full(const Transcript&);

/// What some formats are told beside the transcript.
struct WriterOptions {
    SubtitleOptions subtitles;
    PageOptions page;
};

struct Format {
    std::string_view name;       // as --output-format has it
    std::string_view extension;  // of the file's name, without its first dot
    std::string_view description;
    std::string (*write)(const Transcript&, const WriterOptions&);
};

/// All formats, in the order in which help lists them.
std::span<const Format> formats();

/// A comma-separated list of names, or "all". Each format once, in the order given. Throws UsageError, naming
/// the choices.
std::vector<Format> parse_formats(std::string_view list);

}  // namespace npuscribe::output
