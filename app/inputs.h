#pragma once
// From the words of the command line to the files to transcribe.

#include <filesystem>
#include <string>
#include <vector>

namespace npuscribe::app {

struct Input {
    std::filesystem::path path;        // "-": standard input
    std::string error;                 // not empty: there is nothing to transcribe, for this reason
    std::filesystem::path below = {};  // the subdirectory it was found in, of a directory that was named
};

/// Files as they are; a directory's audio files, sorted by name (`recursive`: those of its subdirectories,
/// too); "-" as it is. What is missing or cannot be read, or a directory without audio, becomes an Input with
/// an error. Throws UsageError for "-" given twice, or where standard input is a terminal.
std::vector<Input> expand(const std::vector<std::string>& words, bool recursive);

/// The names in a list, in its order: with NULs between them where it holds one (find -print0), else one a
/// line. Empty ones are left out. `path` may be "-", standard input. Throws UsageError where it cannot be
/// read, names nothing, or names "-" while it comes from there itself.
std::vector<std::string> read_list(const std::filesystem::path& path);

/// A path's name without its extension; "stdin" for "-". How outputs are named.
std::string stem(const std::filesystem::path& input);

}  // namespace npuscribe::app
