#pragma once
// Where the files of models/catalog.json come from.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::fetch {

enum class SourceKind {
    hugging_face,  // `repo` has `files`, and one of `any_of`
    url,           // `urls`
    pip,           // `packages`, whose `members` one after the other make up the files
};

struct Source {
    SourceKind kind = SourceKind::hugging_face;
    std::string repo;
    std::vector<std::string> files;
    std::vector<std::string> any_of;
    std::map<std::string, std::string> urls;
    std::vector<std::string> packages;
    std::map<std::string, std::vector<std::string>> members;
    std::map<std::string, std::string> sha256;  // of files that other sources have in other versions
};

struct Entry {
    std::string name;
    bool is_model = true;  // a directory of this name; else the single files of `sha256`
    std::vector<std::string> aliases;
    std::map<std::string, std::string> sha256;  // by file; of a model perhaps none
    std::vector<Source> sources;                // in the order in which they are tried
};

/// Models, then single files.
const std::vector<Entry>& entries();

/// By name or alias. Throws UsageError that lists the names.
const Entry& find_entry(std::string_view name);

}  // namespace npuscribe::fetch
