#include "inputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "audio/stream.h"
#include "audio/url_input.h"
#include "base/error.h"
#include "base/text.h"
#include "output/formats.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

// What a Mac leaves on other file systems beside each file: ._talk.wav, .AppleDouble/talk.wav and, in
// archives, __MACOSX. They have the names of recordings, but hold none.
bool is_resource_fork(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.starts_with("._") || name == ".AppleDouble" || name == "__MACOSX";
}

// Adds the audio files of a directory, and those of its subdirectories if `recursive`. Links to directories
// are not followed, because they may lead back.
void search(const fs::path& directory, const fs::path& below, bool recursive, std::vector<Input>& out) {
    std::error_code error;
    std::vector<fs::path> directories;
    for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        std::error_code ignored;  // a broken link
        if (is_resource_fork(entry->path())) continue;
        if (entry->is_directory(ignored)) {
            if (recursive && !entry->is_symlink(ignored)) directories.push_back(entry->path());
        } else if (audio::is_audio_file_name(entry->path()) && entry->is_regular_file(ignored)) {
            out.push_back({entry->path(), {}, below});
        }
    }
    if (error) out.push_back({directory, "cannot read the directory: " + error.message(), {}});
    for (const fs::path& inner : directories) search(inner, below / inner.filename(), recursive, out);
}

void add_directory(const fs::path& directory, bool recursive, std::vector<Input>& out) {
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    search(directory, {}, recursive, out);
    if (out.begin() + first == out.end()) {
        const std::string none = "the directory holds no audio files";
        out.push_back(
            {directory, recursive ? none : none + "; give -r to look in its subdirectories, too", {}});
    }
    std::sort(out.begin() + first, out.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
}

void refuse_terminal(const char* wanted) {
    if (::isatty(STDIN_FILENO) == 0) return;
    throw UsageError(fmt::format("input '-' is a terminal; pipe {} into npuscribe, or give a file", wanted));
}

// FFmpeg would speak many other protocols.
std::string not_there(const std::string& word) {
    const size_t scheme = word.find("://");
    if (scheme == std::string::npos || scheme == 0) return "there is no such file";
    return fmt::format(
        "{}:// is not read, only files, http:// and https://; for other addresses: ffmpeg -i {} -f wav - | "
        "npuscribe -",
        word.substr(0, scheme), shell_quoted(word));
}

Input address(const std::string& word, bool offline) {
    if (!offline) return {word, {}, {}};
    return {
        word,
        "it is an address, and nothing is fetched with --no-fetch or NPUSCRIBE_OFFLINE=1; download it first, "
        "or allow it",
        {}};
}

[[noreturn]] void refuse(const fs::path& list, const char* expected) {
    throw UsageError(
        fmt::format("invalid value '{}' for --files-from: expected {}", list.string(), expected));
}

std::string read_all(std::istream& in) {
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<Input> expand(const std::vector<std::string>& words, bool recursive, bool offline) {
    if (std::count(words.begin(), words.end(), "-") > 1) {
        throw UsageError("input '-' was given more than once, but standard input can be read only once");
    }
    std::vector<Input> out;
    for (const std::string& word : words) {
        if (word.empty()) throw UsageError("input '' has no name; is a variable of the shell empty?");
        if (word == "-") {
            refuse_terminal("audio");
            out.push_back({word, {}, {}});
            continue;
        }
        if (audio::is_url(word)) {
            out.push_back(address(word, offline));
            continue;
        }
        std::error_code error;
        const fs::file_status status = fs::status(word, error);
        if (fs::is_directory(status)) {
            add_directory(word, recursive, out);
        } else if (fs::exists(status)) {
            out.push_back({word, {}, {}});
        } else {
            const bool missing = status.type() == fs::file_type::not_found;
            out.push_back({word, missing ? not_there(word) : error.message(), {}});
        }
    }
    return out;
}

List read_list(const fs::path& path) {
    std::string text;
    if (path == "-") {
        refuse_terminal("a list of files");
        text = read_all(std::cin);
    } else {
        std::ifstream file(path, std::ios::binary);
        std::error_code ignored;
        const bool readable = file && !fs::is_directory(path, ignored);
        if (readable) text = read_all(file);
        if (!readable || file.bad()) refuse(path, "a file that can be read, or -");
    }
    // Windows' editors begin a text with U+FEFF.
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    List list;
    if (corpus::is_manifest(path, text)) {
        list.is_manifest = true;
        if (path != "-") list.directory = path.parent_path();
        list.entries =
            corpus::read_manifest(text, list.directory, path == "-" ? "standard input" : path.string());
        if (list.entries.empty()) refuse(path, "a list that names files");
        return list;
    }
    const char end = text.find('\0') != std::string::npos ? '\0' : '\n';
    for (size_t at = 0; at < text.size();) {
        const size_t next = std::min(text.find(end, at), text.size());
        std::string name = text.substr(at, next - at);
        at = next + 1;
        if (end == '\n' && name.ends_with('\r')) name.pop_back();
        if (!name.empty()) list.entries.emplace_back().audio = std::move(name);
    }
    if (list.entries.empty()) refuse(path, "a list that names files");
    const auto is_standard_input = [](const corpus::Entry& entry) { return entry.audio == "-"; };
    if (path == "-" && std::any_of(list.entries.begin(), list.entries.end(), is_standard_input)) {
        throw UsageError(
            "--files-from and a name in the list are both '-', but standard input can be read only once");
    }
    return list;
}

bool is_recording(const std::string& word) {
    try {
        output::parse_formats(word);
        return false;
    } catch (const UsageError&) {
        std::error_code ignored;
        return word == "-" || audio::is_audio_file_name(word) || fs::exists(word, ignored);
    }
}

std::string file_name(const fs::path& input) {
    if (!audio::is_url(input.string())) return input.filename().string();
    std::string path = input.string().substr(input.string().find("://") + 3);
    path.resize(std::min(path.find_first_of("?#"), path.size()));
    while (path.ends_with('/')) path.pop_back();
    return path.substr(path.rfind('/') + 1);
}

std::string stem(const fs::path& input) {
    return input == "-" ? "stdin" : fs::path(file_name(input)).stem().string();
}

}  // namespace npuscribe::app
