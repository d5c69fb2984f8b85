#pragma once
// One line of a list of recordings, in NeMo's form: a recording, or a part of one.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::corpus {

struct Entry {
    std::filesystem::path audio;     // as it is opened: a manifest's relative paths begin in its directory
    std::optional<double> offset;    // seconds; nothing: from the beginning
    std::optional<double> duration;  // seconds; nothing: to the end
    std::optional<std::string> reference;  // the words that were really spoken: the manifest's "text"
    std::string fields = "{}";             // a JSON object with all other fields, which are carried through

    double start() const { return offset.value_or(0); }
    /// Only a part of the recording is meant.
    bool is_part() const { return start() > 0 || duration; }
};

/// Identifies an entry in manifests: its absolute path, by names alone, and its offset in milliseconds.
/// Asks the file system nothing. Bytes of a path that are not UTF-8 become U+FFFD, as in a manifest.
std::string key(const std::filesystem::path& audio, double offset);

/// True for "https://example.org/talk.mp3": it is the same wherever it is named.
bool is_address(const std::filesystem::path& path);

/// `path` as an absolute path without "." and "..", by names alone: symbolic links are not followed. An
/// address stays as it is.
std::filesystem::path absolute_by_name(const std::filesystem::path& path);

/// A list is a manifest if its name ends in .jsonl or its first byte is a brace.
bool is_manifest(const std::filesystem::path& name, std::string_view text);

/// The entries of a manifest: JSON Lines with NeMo's fields, "audio_filepath", "offset", "duration" and
/// "text". Empty lines are skipped. `directory` is where relative paths begin. Throws UsageError that names
/// the list by `name`, the line, and what is wrong with it: no JSON object, no audio_filepath, an offset that
/// is no number of at least 0, or a duration that is not above 0.
std::vector<Entry> read_manifest(std::string_view text, const std::filesystem::path& directory,
                                 std::string_view name);

/// The entry as a line of a manifest that may lie anywhere, because its path is absolute. With its line end.
std::string to_line(const Entry& entry);

}  // namespace npuscribe::corpus
