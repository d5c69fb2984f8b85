#pragma once
// From the words of the command line to the files to transcribe.

#include <filesystem>
#include <string>
#include <vector>

namespace npuscribe::app {

struct Input {
    std::filesystem::path path;        // "-": standard input
    std::string error;                 // why it cannot be transcribed; empty: it can
    std::filesystem::path below = {};  // its subdirectory in the directory that was given
};

/// Keeps files and "-" as they are, and replaces a directory by its audio files (and with `recursive`, those
/// of its subdirectories), sorted by name. A file that is missing or cannot be read and a directory without
/// audio become an Input with an error. What a Mac puts beside recordings (._NAME, .AppleDouble) is passed
/// over. Throws UsageError if "-" is given twice, or if standard input is a terminal.
std::vector<Input> expand(const std::vector<std::string>& words, bool recursive);

/// The names in the list that --files-from gives, in its order: separated by NULs if it has any (find
/// -print0), else one a line. Empty names are skipped. `path` may be "-", standard input. Throws UsageError
/// if it cannot be read, names nothing, or names "-" while it is read from standard input itself.
std::vector<std::string> read_list(const std::filesystem::path& path);

/// Whether `word` names a recording rather than a list of output formats.
bool is_recording(const std::string& word);

/// A path's name without its extension, by which outputs are named; "stdin" for "-".
std::string stem(const std::filesystem::path& input);

}  // namespace npuscribe::app
