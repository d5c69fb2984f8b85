#pragma once
// The sources of the files in models/catalog.json.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::fetch {

enum class SourceKind {
    hugging_face,  // `repo` has the entry's files at `revision`, a commit
    url,           // each file has an address in `urls`
    pip,           // each file is the concatenation of its `members` in `packages`
};

struct Source {
    SourceKind kind = SourceKind::hugging_face;
    std::string repo;
    std::string revision;
    std::map<std::string, std::string> urls;
    std::vector<std::string> packages;
    std::map<std::string, std::vector<std::string>> members;
};

struct File {
    std::string name;
    uint64_t bytes = 0;  // 0: nobody published it
    std::string sha256;  // hexadecimal; empty: nobody published it, so that a server could give anything
};

struct Entry {
    std::string name;
    bool is_model = true;  // a directory with this name; else single files
    std::vector<std::string> aliases;
    std::vector<File> files;  // the weights, which are large, last
    std::vector<std::string>
        any_of;                   // files of which a source has at least one, and of which nothing is known
    std::vector<Source> sources;  // in the order in which they are tried

    /// True if the SHA-256 of every file is known.
    bool verified() const;
    /// What a download has, about: where nobody published a size, it follows from the dimensions.
    uint64_t bytes() const;
    /// A file of `files`; null if there is none of this name.
    const File* find(std::string_view file) const;
    /// The most bytes that a source may give for a file: those that are known, or some more than are likely.
    uint64_t most_bytes(std::string_view file) const;
};

/// The file whose presence makes a directory a model.
inline constexpr const char* kWeights = "model.bin";

/// Models, then single files.
const std::vector<Entry>& entries();

/// Finds an entry by name, alias, or a name that other programs have for it (find_by_other_name in
/// model/catalog.h). Throws UsageError, which lists the names.
const Entry& find_entry(std::string_view name);

}  // namespace npuscribe::fetch
