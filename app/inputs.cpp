#include "inputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "audio/stream.h"
#include "base/error.h"
#include "base/text.h"
#include "output/formats.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

// What a Mac leaves on other file systems beside each file: ._talk.wav, .AppleDouble/talk.wav and, in
// archives,
// __MACOSX. They have the names of recordings, but hold none.
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

// openai-whisper and others that call ffmpeg take addresses.
std::string not_there(const std::string& word) {
    const bool address = word.starts_with("http://") || word.starts_with("https://");
    return address ? fmt::format("{0} is an address, not a file: curl -L {0} | npuscribe -", word)
                   : "there is no such file";
}

[[noreturn]] void refuse(const fs::path& list, const char* expected) {
    throw UsageError(
        fmt::format("invalid value '{}' for --files-from: expected {}", list.string(), expected));
}

std::string read_all(std::istream& in) {
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<Input> expand(const std::vector<std::string>& words, bool recursive) {
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

std::vector<std::string> read_list(const fs::path& path) {
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
    const char end = text.find('\0') != std::string::npos ? '\0' : '\n';
    std::vector<std::string> names;
    for (size_t at = 0; at < text.size();) {
        const size_t next = std::min(text.find(end, at), text.size());
        std::string name = text.substr(at, next - at);
        at = next + 1;
        if (end == '\n' && name.ends_with('\r')) name.pop_back();
        if (!name.empty()) names.push_back(std::move(name));
    }
    if (names.empty()) refuse(path, "a list that names files");
    if (path == "-" && std::count(names.begin(), names.end(), "-") > 0) {
        throw UsageError(
            "--files-from and a name in the list are both '-', but standard input can be read only once");
    }
    return names;
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

std::string stem(const fs::path& input) {
    return input == "-" ? "stdin" : input.stem().string();
}

}  // namespace npuscribe::app
