#include "outputs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/reason.h"
#include "output/atomic_file.h"
#include "output/markup.h"
#include "output_names.h"

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

/// Where an input's outputs go, and what they are called before the format's extension.
struct Base {
    fs::path directory;
    std::string name;
};

std::vector<Base> base_names(std::vector<Input> inputs, const fs::path& directory, std::string& note) {
    note = decide_names(inputs);
    std::vector<Base> bases;
    for (const Input& input : inputs)
        bases.push_back({input.below.empty() ? directory : directory / input.below, input.name});
    return bases;
}

std::vector<Base> given_name(const std::vector<Input>& inputs, const fs::path& directory,
                             const std::string& name, const std::vector<output::Format>& formats) {
    if (inputs.size() != 1)
        throw UsageError(fmt::format(
            "--output-name {} names the outputs of one input, but there are {}; leave it out, and outputs "
            "are named after their inputs",
            name, inputs.size()));
    const std::string extension = formats.size() == 1 ? "." + std::string(formats.front().extension) : "";
    const bool has_it = !extension.empty() && name.size() > extension.size() && name.ends_with(extension);
    const fs::path path = directory / (has_it ? name.substr(0, name.size() - extension.size()) : name);
    return {{path.parent_path(), path.filename().string()}};
}

}  // namespace

std::string OutputPlan::text(size_t input, const output::Format& format, const Transcript& transcript) const {
    output::WriterOptions with_page = options;
    with_page.page = page_options(inputs[input], {});
    return format.write(transcript, with_page);
}

void OutputPlan::write(size_t input, const Transcript& transcript, std::vector<std::string>& written) const {
    output::WriterOptions with_page = options;
    std::vector<std::string> failures;
    for (size_t f = 0; f < formats.size(); ++f) {
        try {
            with_page.page = page_options(inputs[input], outputs[input][f]);
            output::write_file(outputs[input][f], formats[f].write(transcript, with_page));
            written.push_back(outputs[input][f].string());
        } catch (const std::exception& error) {
            failures.push_back(reason_of(error));
        }
    }
    if (!failures.empty()) throw OutputError(fmt::format("{}", fmt::join(failures, "; ")));
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
                        const fs::path& directory, const fs::path& report, const std::string& name) {
    OutputPlan plan{std::move(formats), std::vector<std::vector<fs::path>>(inputs.size()), {}, {}, {}};
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
    std::vector<Base> bases(inputs.size());
    if (!name.empty()) {
        bases = given_name(inputs, directory, name, plan.formats);
    } else if (!plan.formats.empty()) {
        bases = base_names(inputs, directory, plan.note);
    }
    std::set<fs::path> directories;
    for (size_t i = 0; i < inputs.size(); ++i) {
        plan.inputs.push_back(inputs[i].path);
        if (!inputs[i].error.empty()) continue;
        const auto& [where, base] = bases[i];
        for (const output::Format& format : plan.formats) {
            directories.insert(where.empty() ? "." : where);
            const fs::path path = where / (base + "." + std::string(format.extension));
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
