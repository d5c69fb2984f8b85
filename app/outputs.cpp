#include "outputs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "base/error.h"
#include "output/atomic_file.h"
#include "output/markup.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

// One name for a file, by whatever path it is reached. A file that does not exist yet is named by its
// directory.
fs::path resolved(const fs::path& path) {
    std::error_code error;
    const fs::path out = fs::weakly_canonical(fs::absolute(path, error), error);
    return error ? path : out;
}

std::string described(const fs::path& input) {
    return input == "-" ? "standard input" : input.string();
}

// A page can play the recording only if that is a file that stays.
output::PageOptions page_options(const fs::path& input, const fs::path& page) {
    output::PageOptions options;
    options.title = input == "-" ? "Standard input" : stem(input);
    std::error_code ignored;
    if (input == "-" || !fs::is_regular_file(input, ignored)) return options;
    options.audio_url = output::relative_url(input, page.parent_path());
    options.audio_name = input.filename().string();
    return options;
}

}  // namespace

std::vector<std::string> OutputPlan::write(size_t input, const Transcript& transcript) const {
    output::WriterOptions options;
    options.subtitles = subtitles;
    std::vector<std::string> written;
    for (size_t f = 0; f < formats.size(); ++f) {
        options.page = page_options(inputs[input], outputs[input][f]);
        output::write_file(outputs[input][f], formats[f].write(transcript, options));
        written.push_back(outputs[input][f].string());
    }
    return written;
}

bool OutputPlan::exists(size_t input) const {
    const auto is_there = [](const fs::path& path) {
        std::error_code ignored;
        return fs::is_regular_file(path, ignored);
    };
    const std::vector<fs::path>& paths = outputs[input];
    return !paths.empty() && std::all_of(paths.begin(), paths.end(), is_there);
}

OutputPlan plan_outputs(const std::vector<Input>& inputs, std::vector<output::Format> formats,
                        const fs::path& directory, const fs::path& report) {
    OutputPlan plan{std::move(formats), std::vector<std::vector<fs::path>>(inputs.size()), {}, {}};
    std::map<fs::path, std::string> taken;  // for what; empty: an input
    for (const Input& input : inputs) {
        if (input.path != "-") taken.try_emplace(resolved(input.path));
    }
    const auto take = [&](const fs::path& path, const std::string& what) {
        std::error_code error;
        const auto type = fs::status(path, error).type();
        if (error == std::errc::filename_too_long)
            throw OutputError(
                fmt::format("cannot write {}: {}; rename {}", path.string(), error.message(), what));
        if (type == fs::file_type::directory) {
            throw OutputError(fmt::format("cannot write {}: it is a directory", path.string()));
        }
        if (type != fs::file_type::not_found && type != fs::file_type::regular) return;  // a pipe, /dev/null
        const auto [before, added] = taken.try_emplace(resolved(path), what);
        if (added) return;
        if (before->second.empty()) {
            throw UsageError(
                fmt::format("{} would be written for {}, but it is an input; choose another --output-dir",
                            path.string(), what));
        }
        if (before->second == what) {
            throw UsageError(
                fmt::format("{} was given twice, and {} would be written for both", what, path.string()));
        }
        throw UsageError(
            fmt::format("{} would be written for both {} and {}; rename one, or run them one after the "
                        "other with an --output-dir each",
                        path.string(), before->second, what));
    };
    std::set<fs::path> directories;
    for (size_t i = 0; i < inputs.size(); ++i) {
        plan.inputs.push_back(inputs[i].path);
        if (!inputs[i].error.empty()) continue;
        const fs::path where = inputs[i].below.empty() ? directory : directory / inputs[i].below;
        for (const output::Format& format : plan.formats) {
            directories.insert(where.empty() ? "." : where);
            const fs::path path = where / (stem(inputs[i].path) + "." + std::string(format.extension));
            take(path, described(inputs[i].path));
            plan.outputs[i].push_back(path);
        }
    }
    if (!report.empty()) take(report, "--report");

    if (!report.empty()) directories.insert(report.has_parent_path() ? report.parent_path() : ".");
    for (const fs::path& used : directories) {
        output::prepare_directory(used);
        if (const size_t count = output::remove_leftovers(used); count > 0)
            spdlog::debug("removed {} unfinished files of an earlier run from {}", count, used.string());
    }
    return plan;
}

}  // namespace npuscribe::app
