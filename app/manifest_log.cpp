#include "manifest_log.h"

#include <fmt/format.h>

#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

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
        case Status::incomplete:
            return corpus::Outcome::incomplete;
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

ManifestLog::State ManifestLog::state(size_t input) const {
    const corpus::Entry entry = this->entry(input);
    const auto found = file_.before().find(corpus::key(entry.audio, entry.start()));
    if (found == file_.before().end() || found->second.outcome == corpus::Outcome::failed) return State::open;
    const bool same = found->second.model == model_ && found->second.options == options_;
    return same ? State::finished : State::made_otherwise;
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
