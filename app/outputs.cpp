#include "outputs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

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

// The same for a file that npuscribe names: a link in its place is replaced, so it is not followed.
fs::path resolved_place(const fs::path& path) {
    return resolved(path.has_parent_path() ? path.parent_path() : ".") / path.filename();
}

std::string part_of(const Input& input) {
    if (!input.entry || !input.entry->is_part()) return {};
    return fmt::format("{}+{}", input.entry->start(), input.entry->duration.value_or(0));
}

bool is_pipe_or_device(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

/// Where an input's outputs go, and what they are called before the format's extension.
struct Base {
    fs::path root;   // as a person named it
    fs::path below;  // a directory in it, or nothing
    std::string name;
    fs::path directory() const { return below.empty() ? root : root / below; }
};

std::vector<Base> base_names(std::vector<Input> inputs, const fs::path& directory, std::string& note) {
    note = decide_names(inputs);
    std::vector<Base> bases;
    for (const Input& input : inputs) bases.push_back({directory, input.below, input.name});
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
    return {{path.parent_path(), {}, path.filename().string()}};
}

}  // namespace

std::string OutputPlan::text(size_t input, const output::Format& format, const Transcript& transcript) const {
    output::WriterOptions with_page = options;
    with_page.page = page_options(inputs[input].path, {});
    return format.write(transcript, with_page);
}

void OutputPlan::write(size_t input, const Transcript& transcript, std::vector<std::string>& written) const {
    output::WriterOptions with_page = options;
    std::vector<std::string> failures;
    for (size_t f = 0; f < formats.size(); ++f) {
        const fs::path& path = outputs[input][f];
        const fs::path& root = roots[input];
        try {
            with_page.page = page_options(inputs[input].path, path);
            const std::string text = formats[f].write(transcript, with_page);
            output::AtomicFile file(
                output::DerivedPath{root, root.empty() ? path : path.lexically_relative(root)});
            file.write(text);
            write_record(file, inputs[input], run);
            file.commit();
            written.push_back(path.string());
        } catch (const std::exception& error) {
            failures.push_back(reason_of(error));
        }
    }
    if (!failures.empty()) throw OutputError(fmt::format("{}", fmt::join(failures, "; ")));
}

SkipChoice OutputPlan::skip(size_t input) const {
    return choose_skip(inputs[input], outputs[input], run);
}

OutputPlan plan_outputs(const std::vector<Input>& inputs, std::vector<output::Format> formats,
                        const fs::path& directory, const fs::path& report, const std::string& name,
                        const fs::path& manifest) {
    OutputPlan plan;
    plan.formats = std::move(formats);
    plan.outputs.resize(inputs.size());
    std::map<fs::path, std::string> taken;  // for what; empty: an input
    for (const Input& input : inputs) {
        if (input.path != "-") taken.try_emplace(resolved(input.path));
    }
    const auto take = [&](const fs::path& path, const fs::path& place, const std::string& what) {
        std::error_code error;
        const auto type = fs::symlink_status(path, error).type();
        if (error == std::errc::filename_too_long)
            throw OutputError(
                fmt::format("cannot write {}: {}; rename {}", path.string(), error.message(), what));
        if (type == fs::file_type::directory) {
            throw OutputError(fmt::format("cannot write {}: it is a directory", path.string()));
        }
        const auto [before, added] = taken.try_emplace(place, what);
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
    std::set<std::pair<fs::path, fs::path>> directories;  // root and below
    plan.roots.resize(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
        plan.inputs.push_back({inputs[i].path, part_of(inputs[i])});
        if (!inputs[i].error.empty()) continue;
        const Base& base = bases[i];
        plan.roots[i] = base.root;
        for (const output::Format& format : plan.formats) {
            directories.insert({base.root.empty() ? "." : base.root, base.below});
            const fs::path path = base.directory() / (base.name + "." + std::string(format.extension));
            take(path, resolved_place(path), described(inputs[i].path));
            plan.outputs[i].push_back(path);
        }
    }
    if (std::error_code ignored; fs::is_directory(report, ignored))
        throw OutputError(fmt::format("cannot write {}: it is a directory", report.string()));
    if (!report.empty() && !is_pipe_or_device(report)) {
        take(report, resolved(report), "--report");
        directories.insert({report.has_parent_path() ? report.parent_path() : ".", {}});
    }
    if (!manifest.empty() && !is_pipe_or_device(manifest)) take(manifest, resolved(manifest), "--manifest");
    for (const auto& [root, below] : directories) {
        const output::DerivedPath used{root, below};
        output::prepare_directory(used);
        if (const size_t count = output::remove_leftovers(used.whole()); count > 0)
            spdlog::debug("removed {} unfinished files of an earlier run from {}", count,
                          used.whole().string());
    }
    return plan;
}

}  // namespace npuscribe::app
