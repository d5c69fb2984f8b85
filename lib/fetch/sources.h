#pragma once
// The sources of the files in models/catalog.json.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::fetch {

enum class SourceKind {
    hugging_face,  // `repo` has all of `files`, and at least one of `any_of`
    url,           // each file has an address in `urls`
    pip,           // each file is the concatenation of its `members` in `packages`
};

struct Source {
    SourceKind kind = SourceKind::hugging_face;
    std::string repo;
    std::vector<std::string> files;
    std::vector<std::string> any_of;
    std::map<std::string, std::string> urls;
    std::vector<std::string> packages;
    std::map<std::string, std::vector<std::string>> members;
    std::map<std::string, std::string> sha256;  // of files of which other sources have other versions
};

struct Entry {
    std::string name;
    bool is_model = true;  // a directory with this name; else the single files in `sha256`
    std::vector<std::string> aliases;
    std::map<std::string, std::string> sha256;  // by file; a model may have none
    std::vector<Source> sources;                // in the order in which they are tried
};

/// Models, then single files.
const std::vector<Entry>& entries();

/// Finds an entry by name or alias. Throws UsageError, which lists the names.
const Entry& find_entry(std::string_view name);

}  // namespace npuscribe::fetch
