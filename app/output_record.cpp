#include "output_record.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/text.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAttribute = "user.npuscribe";
constexpr std::string_view kFirstLine = "npuscribe 1";

// Options that change where outputs go, what is printed, or how fast the work is, but not what is written.
constexpr auto kOtherOptions = std::to_array<std::string_view>(
    {"batch-size", "config",     "device",        "files-from",  "help",          "manifest",
     "model",      "output-dir", "output-format", "output-name", "print-colors",  "print-timestamps",
     "quiet",      "recursive",  "report",        "shard",       "skip-existing", "threads",
     "timing",     "verbose",    "fetch",         "no-fetch"});

/// What identifies an input's content, as lines of a record: nothing if it is not a file.
std::optional<std::string> identity(const fs::path& input) {
    struct stat status {};
    if (input == "-" || ::stat(input.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(fs::absolute(input, error), error);
    return fmt::format("size {}\nchanged {}.{:09}\ninput {}", status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec, (error ? input : whole).string());
}

std::string record(const std::string& input, const RecordOfRun& run) {
    return fmt::format("{}\nmodel {}\noptions {}\n{}", kFirstLine, run.model, run.options, input);
}

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

RecordOfRun record_of_run(const std::string& model,
                          const std::vector<std::pair<std::string, std::string>>& options) {
    uint64_t value = 0xCBF29CE484222325U;  // FNV-1a
    const auto add = [&](std::string_view text) {
        for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
        value *= 0x100000001B3U;
    };
    for (const auto& [name, given] : options) {
        if (std::find(kOtherOptions.begin(), kOtherOptions.end(), name) != kOtherOptions.end()) continue;
        add(name);
        add(given);
    }
    return {model, fmt::format("{:016x}", value)};
}

void write_record(output::AtomicFile& file, const fs::path& input, const RecordOfRun& run) {
    if (const auto known = identity(input)) file.set_attribute(kAttribute, record(*known, run));
}

SkipChoice choose_skip(const fs::path& input, const std::vector<fs::path>& outputs, const RecordOfRun& run) {
    SkipChoice choice;
    const auto is_there = [](const fs::path& path) {
        std::error_code ignored;
        return fs::is_regular_file(fs::symlink_status(path, ignored));
    };
    if (std::none_of(outputs.begin(), outputs.end(), is_there)) return choice;
    const auto known = identity(input);
    const std::string wanted = known ? record(*known, run) : "";
    for (const fs::path& path : outputs) {
        if (!is_there(path)) {
            choice.why_not = fmt::format("there is no file {}", path.string());
            return choice;
        }
        const std::string made = output::attribute(path, kAttribute);
        if (known && made.starts_with(kFirstLine)) {
            if (const std::string other = difference(made, wanted); !other.empty()) {
                choice.why_not = fmt::format("{} is there, but {}", path.string(), other);
                return choice;
            }
        } else if (is_older(path, input)) {
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
