#include "output_record.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "base/text.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAttribute = "user.npuscribe";
constexpr std::string_view kFirstLine = "npuscribe 1";

/// The rest of the line of a record that begins with `key`; of the last one, all that follows.
std::string_view field(std::string_view text, std::string_view key) {
    const std::string begin = fmt::format("\n{} ", key);
    const size_t at = text.find(begin);
    if (at == text.npos) return {};
    const std::string_view rest = text.substr(at + begin.size());
    return key == "input" ? rest : rest.substr(0, rest.find('\n'));
}

/// Why a record is not that of this input and run; empty if it is.
std::string difference(std::string_view made, std::string_view wanted) {
    const auto differs = [&](std::string_view key) { return field(made, key) != field(wanted, key); };
    if (differs("input")) return fmt::format("it was made of {}", field(made, "input"));
    if (differs("size") || differs("changed")) return "its input has changed since";
    if (differs("part")) return "it was made of another part of its input";
    if (differs("model")) return fmt::format("it was made with the model {}", field(made, "model"));
    if (differs("options")) return "it was made with other options";
    return {};
}

bool is_older(const fs::path& output, const fs::path& input) {
    struct stat made {};
    struct stat source {};
    if (::stat(input.c_str(), &source) != 0 || ::lstat(output.c_str(), &made) != 0) return false;
    return std::pair(made.st_mtim.tv_sec, made.st_mtim.tv_nsec) <
           std::pair(source.st_mtim.tv_sec, source.st_mtim.tv_nsec);
}

}  // namespace

std::string record_of(const Source& input, const RecordOfRun& run) {
    struct stat status {};
    if (input.path == "-" || ::stat(input.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(fs::absolute(input.path, error), error);
    return fmt::format("{}\nmodel {}\noptions {}\npart {}\nsize {}\nchanged {}.{:09}\ninput {}", kFirstLine,
                       run.model, run.options, input.part, status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec, (error ? input.path : whole).string());
}

void write_record(output::AtomicFile& file, const Source& input, const RecordOfRun& run) {
    if (const std::string text = record_of(input, run); !text.empty()) file.set_attribute(kAttribute, text);
}

SkipChoice choose_skip(const Source& input, const std::vector<fs::path>& outputs, const RecordOfRun& run) {
    SkipChoice choice;
    const auto is_there = [](const fs::path& path) {
        std::error_code ignored;
        return fs::is_regular_file(fs::symlink_status(path, ignored));
    };
    if (std::none_of(outputs.begin(), outputs.end(), is_there)) return choice;
    const std::string wanted = record_of(input, run);
    for (const fs::path& path : outputs) {
        if (!is_there(path)) {
            choice.why_not = fmt::format("there is no file {}", path.string());
            return choice;
        }
        const std::string made = output::attribute(path, kAttribute);
        if (!wanted.empty() && made.starts_with(kFirstLine)) {
            if (const std::string other = difference(made, wanted); !other.empty()) {
                choice.why_not = fmt::format("{} is there, but {}", path.string(), other);
                return choice;
            }
        } else if (is_older(path, input.path)) {
            choice.why_not = fmt::format("{} is there, but older than its input", path.string());
            return choice;
        } else {
            choice.by_name = true;
        }
    }
    choice.skip = true;
    return choice;
}

}  // namespace npuscribe::app
