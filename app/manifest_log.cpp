#include "manifest_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

/// Options that change where, when or how something is written, but no word.
constexpr std::array<std::string_view, 31> kWordless = {"files-from",
                                                        "root",
                                                        "shard",
                                                        "recursive",
                                                        "output-format",
                                                        "output-dir",
                                                        "output-name",
                                                        "skip-existing",
                                                        "report",
                                                        "manifest",
                                                        "quiet",
                                                        "verbose",
                                                        "timing",
                                                        "print-timestamps",
                                                        "print-colors",
                                                        "config",
                                                        "threads",
                                                        "device",
                                                        "keep-going-code",
                                                        "paragraphs",
                                                        "subtitles",
                                                        "max-line-width",
                                                        "max-line-count",
                                                        "max-words-per-line",
                                                        "highlight-words",
                                                        "min-cue-gap",
                                                        "min-cue-duration",
                                                        "max-cue-duration",
                                                        "max-chars-per-second",
                                                        "fetch",
                                                        "batch-size"};

fs::path checked(const fs::path& path, const fs::path& list) {
    std::error_code ignored;
    if (!list.empty() && fs::equivalent(path, list, ignored))
        throw UsageError(
            fmt::format("--manifest and --files-from are both {}, and the list must stay as it is; give "
                        "--manifest another file",
                        path.string()));
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), ignored);  // opening it tells
    return path;
}

corpus::Outcome outcome_of(output::FileReport::Status status) {
    using Status = output::FileReport::Status;
    switch (status) {  // without a default, so that the compiler asks about a new status
        case Status::done:
            return corpus::Outcome::done;
        case Status::failed:
        case Status::skipped:
        case Status::interrupted:
            break;
    }
    return corpus::Outcome::failed;
}

double work_seconds(const Timing& t) {
    return t.audio_decode + t.vad + t.mel + t.encoder() + t.cross_kv + t.decoder;
}

}  // namespace

std::string options_hash(const std::vector<std::pair<std::string, std::string>>& options) {
    constexpr uint64_t kBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3;  // FNV-1a, 64 bits
    uint64_t hash = kBasis;
    const auto add = [&](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * kPrime;
        hash *= kPrime;  // as for a byte 0: ("ab", "c") is not ("a", "bc")
    };
    for (const auto& [option, value] : options) {
        if (std::find(kWordless.begin(), kWordless.end(), option) != kWordless.end()) continue;
        add(option);
        add(value);
    }
    return fmt::format("{:016x}", hash);
}

ManifestLog::ManifestLog(const fs::path& path, const fs::path& list, const std::vector<Input>& inputs,
                         std::string model, std::string options)
    : file_(checked(path, list)), inputs_(inputs), model_(std::move(model)), options_(std::move(options)) {}

corpus::Entry ManifestLog::entry(size_t input) const {
    if (inputs_[input].entry) {
        corpus::Entry entry = *inputs_[input].entry;
        entry.audio = inputs_[input].path;  // of a recording in a directory that the list names
        return entry;
    }
    corpus::Entry entry;
    entry.audio = inputs_[input].path;
    return entry;
}

bool ManifestLog::is_finished(size_t input) const {
    const corpus::Entry entry = this->entry(input);
    const auto found = file_.before().find(corpus::key(entry.audio, entry.start()));
    return found != file_.before().end() && found->second != corpus::Outcome::failed;
}

void ManifestLog::add(size_t input, const output::FileReport& file, std::string_view text) {
    corpus::Record record = corpus::record_of(entry(input));
    record.model = model_;
    record.options = options_;
    record.wall_seconds = watch_.seconds();
    watch_.restart();
    record.outcome = outcome_of(file.status);
    record.error = file.error;
    if (record.outcome != corpus::Outcome::failed) {
        record.text = strip(text);
        record.language = file.language;
        record.duration = file.timing.audio_seconds;
        record.seconds = work_seconds(file.timing);
        if (file.reference_words) record.errors = corpus::WordErrors{*file.reference_words, file.word_errors};
    }
    file_.append(record);
}

}  // namespace npuscribe::app
