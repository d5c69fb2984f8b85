#pragma once
// From the words of the command line to the files to transcribe.

#include <filesystem>
#include <string>
#include <vector>

namespace npuscribe::app {

struct Input {
    std::filesystem::path path;  // "-": standard input
    std::string error;           // not empty: there is nothing to transcribe, for this reason
};

/// Files as they are; a directory's audio files, sorted by name (`recursive`: those of its subdirectories,
/// too); "-" as it is. What is missing, or a directory without audio, becomes an Input with an error. Throws
/// UsageError for "-" given twice, or where standard input is a terminal.
std::vector<Input> expand(const std::vector<std::string>& words, bool recursive);

/// A path's name without its extension; "stdin" for "-". How outputs are named.
std::string stem(const std::filesystem::path& input);

}  // namespace npuscribe::app
