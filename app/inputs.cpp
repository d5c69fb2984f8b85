#include "inputs.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "audio/stream.h"
#include "base/error.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

template <class Iterator>
std::vector<fs::path> audio_files(const fs::path& directory, std::error_code& error) {
    std::vector<fs::path> out;
    for (Iterator entry(directory, fs::directory_options::skip_permission_denied, error);
         !error && entry != Iterator(); entry.increment(error)) {
        std::error_code ignored;  // a broken link
        if (audio::is_audio_file_name(entry->path()) && entry->is_regular_file(ignored))
            out.push_back(entry->path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

void add_directory(const fs::path& directory, bool recursive, std::vector<Input>& out) {
    std::error_code error;
    const auto files = recursive ? audio_files<fs::recursive_directory_iterator>(directory, error)
                                 : audio_files<fs::directory_iterator>(directory, error);
    if (error) {
        out.push_back({directory, "cannot read the directory: " + error.message()});
    } else if (files.empty()) {
        out.push_back(
            {directory, recursive
                            ? "the directory holds no audio files"
                            : "the directory holds no audio files; -r looks in its subdirectories, too"});
    }
    for (const fs::path& file : files) out.push_back({file, {}});
}

}  // namespace

std::vector<Input> expand(const std::vector<std::string>& words, bool recursive) {
    if (std::count(words.begin(), words.end(), "-") > 1) {
        throw UsageError("'-' was given more than once; standard input can be read once");
    }
    std::vector<Input> out;
    for (const std::string& word : words) {
        if (word == "-") {
            if (::isatty(STDIN_FILENO) != 0) {
                throw UsageError("'-' was given, but standard input is a terminal; pipe audio into it");
            }
            out.push_back({word, {}});
            continue;
        }
        std::error_code error;
        const fs::file_status status = fs::status(word, error);
        if (fs::is_directory(status)) {
            add_directory(word, recursive, out);
        } else if (fs::exists(status)) {
            out.push_back({word, {}});
        } else {
            const bool missing = status.type() == fs::file_type::not_found;
            out.push_back({word, missing ? "there is no such file" : error.message()});
        }
    }
    return out;
}

std::string stem(const fs::path& input) {
    return input == "-" ? "stdin" : input.stem().string();
}

}  // namespace npuscribe::app
