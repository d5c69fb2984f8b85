#pragma once
// From the words of the command line to the files to transcribe.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "corpus/entry.h"

namespace npuscribe::app {

struct Input {
    std::filesystem::path path;               // "-": standard input
    std::string error;                        // why it cannot be transcribed; empty: it can
    std::filesystem::path below = {};         // its subdirectory in the directory that was given
    std::string name = {};                    // of its outputs, without extension; empty: not decided
    std::optional<corpus::Entry> entry = {};  // if it comes from a manifest
    bool unseen = false;                      // it was listed, and the file system was not asked for it yet
};

/// Keeps files, addresses (http, https) and "-" as they are, and replaces a directory by its audio files (and
/// with `recursive`, those of its subdirectories), sorted by name. A file that is missing or cannot be read
/// and a directory without audio become an Input with an error, and so does an address if `offline`. What a
/// Mac puts beside recordings (._NAME, .AppleDouble) is passed over. Throws UsageError if "-" is given twice,
/// or if standard input is a terminal.
std::vector<Input> expand(const std::vector<std::string>& words, bool recursive, bool offline = false);

/// What --files-from gives.
struct List {
    bool is_manifest = false;              // else its entries have a name alone
    std::vector<corpus::Entry> entries;    // in its order
    std::filesystem::path directory = {};  // in which its relative names begin; empty: the current one
};

/// Reads a manifest (corpus/entry.h), or names: separated by NULs if there are any (find -print0), else one a
/// line. Empty names are skipped. `path` may be "-", standard input. Throws UsageError if it cannot be read,
/// names nothing, or names "-" while it is read from standard input itself.
List read_list(const std::filesystem::path& path);

/// Whether `word` names a recording rather than a list of output formats.
bool is_recording(const std::string& word);

/// The last part of an input's path, or of its address without what follows a question mark or a hash.
std::string file_name(const std::filesystem::path& input);
/// The same without its extension, by which outputs are named; "stdin" for "-".
std::string stem(const std::filesystem::path& input);

}  // namespace npuscribe::app
