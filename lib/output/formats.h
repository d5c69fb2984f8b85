#pragma once
// Writes transcripts in the formats of openai-whisper (whisper/utils.py), in whisper.cpp's csv and lrc, and
// as a page. Each function returns the bytes of a whole file: valid UTF-8, whatever the transcript holds.
// atomic_file.h writes them to disk.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "output/subtitles.h"
#include "transcribe/types.h"

namespace npuscribe::output {

/// A segment's text on one line, after "(speaker 0) " if it has a speaker (as in whisper.cpp's --diarize).
/// Empty if the segment has no text.
std::string line(const Segment&);

/// One line for each segment.
std::string txt(const Transcript&);
/// Paragraphs (paragraphs.h), one a line, with a blank line between them.
std::string txt_paragraphs(const Transcript&);
/// Markdown: the same paragraphs, each after the time at which it begins, and its speaker if there is one.
std::string md(const Transcript&);
/// SubRip.
std::string srt(const Transcript&, const SubtitleOptions& = {});
/// WebVTT (W3C), with its character escapes.
std::string vtt(const Transcript&, const SubtitleOptions& = {});
/// A header line, then start and end in milliseconds, the speaker if there are speakers, and the text.
std::string tsv(const Transcript&);
/// OpenAI's fields: text, segments[{id, seek, start, end, text, tokens, temperature, avg_logprob,
/// compression_ratio, no_speech_prob, speaker?, words?}], language; and language_probability, duration.
std::string json(const Transcript&);
/// Like tsv, with commas and with the text in quotes (RFC 4180), as whisper.cpp writes it.
std::string csv(const Transcript&);
/// LRC, which music players show: "[mm:ss.xx]text".
std::string lrc(const Transcript&);
/// What the page shows of its recording.
struct PageOptions {
    std::string title;       // any bytes
    std::string audio_url;   // relative to the page (markup.h: relative_url); empty: no player
    std::string audio_name;  // of the file, for messages; any bytes
};
/// An HTML page that plays the recording and highlights the words as they are said: one file that needs no
/// network. Words can be clicked if they have times, else segments. Words of which the model was less sure
/// are shaded.
std::string html(const Transcript&, const PageOptions& = {});
/// Like json, with token_details[{id, text, probability}] in each segment.
std::string json_full(const Transcript&);

/// The options of all formats.
struct WriterOptions {
    SubtitleOptions subtitles;
    PageOptions page;
    bool paragraphs = false;  // txt has paragraphs instead of a line for each segment
};

struct Format {
    std::string_view name;       // for --output-format
    std::string_view extension;  // of the file name, without the dot in front
    std::string_view description;
    std::string (*write)(const Transcript&, const WriterOptions&);
    bool in_all = true;  // written if "all" formats are asked for
};

/// All formats, in the order in which help lists them.
std::span<const Format> formats();

/// Parses a comma-separated list of names, in which "all" stands for those that are `in_all`. Returns each
/// format once, in the order of the list. Throws UsageError, which lists the choices.
std::vector<Format> parse_formats(std::string_view list);

}  // namespace npuscribe::output
