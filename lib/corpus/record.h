#pragma once
// One line of a manifest that npuscribe writes: an entry of a list, and what became of it.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "corpus/entry.h"
#include "corpus/word_errors.h"

namespace npuscribe::corpus {

enum class Outcome {
    done,
    incomplete,  // transcribed up to where the recording breaks off: trying again would not help
    failed,
};

struct Record {
    std::filesystem::path audio;  // absolute
    double offset = 0;            // seconds
    double duration = 0;   // seconds of audio that were transcribed; of a failed entry, those asked for
    std::string text;      // what was heard; UTF-8
    std::string language;  // code
    std::string model;
    std::string options;      // identifies the options that change words
    double seconds = 0;       // spent on this entry: the sum of its stages, without waiting for others
    double wall_seconds = 0;  // that passed since the line before it, or since the work began
    Outcome outcome = Outcome::done;
    std::string error;                     // why it failed or broke off
    std::optional<std::string> reference;  // the words that were really spoken
    std::optional<WordErrors> errors;      // against the reference
    std::string fields = "{}";             // a JSON object with the entry's other fields

    std::string key() const { return corpus::key(audio, offset); }
};

/// A record with an entry's place, reference and other fields. The path is made absolute.
Record record_of(const Entry& entry);

/// The record as JSON on one line, with its line end: NeMo's "audio_filepath", "offset", "duration" and
/// "text", then "language", "model", "options", "seconds", "wall_seconds", "status" and "error", then
/// "reference", "reference_words" and "word_errors" if there is a reference, then the entry's other fields,
/// except those whose names are ours. Bytes that are not UTF-8 become U+FFFD.
std::string to_line(const Record& record);

/// The inverse; nothing if `line` is no such line, as when a run was killed while it wrote it. Other fields
/// are not kept.
std::optional<Record> parse_record(std::string_view line);

std::string_view name(Outcome outcome);

}  // namespace npuscribe::corpus
