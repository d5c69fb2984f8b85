// npuscribe report merge: puts the manifests of many tasks together.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "commands.h"
#include "corpus/merge.h"
#include "exit_code.h"
#include "inputs.h"
#include "option.h"
#include "output/atomic_file.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

struct Settings {
    std::vector<std::string> parts;
    std::string expect;
    std::string missing;
    std::string json;
    std::string html;
};

/// The bytes of a part. A part of an earlier shell glob that matched nothing is named as it was typed.
MappedFile open_part(const std::string& path) {
    try {
        return MappedFile(path);
    } catch (const ModelError&) {
        std::error_code error;
        const bool exists = std::filesystem::exists(path, error);
        throw UsageError(
            fmt::format("cannot read '{}', a part of the corpus: {}; give files that --manifest wrote", path,
                        exists ? "it is no regular file, or may not be read" : "there is no such file"));
    }
}

/// Refuses to write over the list or a part, or two results into one file.
void check_outputs(const Settings& settings) {
    std::vector<std::pair<std::string, std::string>> taken = {{"--expect", settings.expect}};
    for (const std::string& part : settings.parts) taken.emplace_back("a part", part);
    for (const auto& [name, path] :
         {std::pair("--missing", settings.missing), std::pair("--json", settings.json),
          std::pair("--html", settings.html)}) {
        std::error_code no_file;
        const bool is_device =
            std::filesystem::exists(path, no_file) && !std::filesystem::is_regular_file(path);
        if (path.empty() || is_device) continue;
        for (const auto& [other, taken_path] : taken) {
            std::error_code ignored;
            if (path == taken_path || std::filesystem::equivalent(path, taken_path, ignored))
                throw UsageError(
                    fmt::format("{} and {} are both {}; give {} another file", name, other, path, name));
        }
        taken.emplace_back(name, path);
    }
}

int run(const Settings& settings) {
    check_outputs(settings);
    corpus::Merge merge;
    if (!settings.expect.empty()) {
        const List list = read_list(settings.expect);
        merge.expect(list.entries, list.is_manifest);
    }
    std::list<MappedFile> parts;  // the merge's lines point into them
    for (const std::string& path : settings.parts) {
        const auto bytes = parts.emplace_back(open_part(path)).bytes();
        merge.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    // main() finds out whether all of it could be written.
    merge.write_corpus([](std::string_view line) { std::fwrite(line.data(), 1, line.size(), stdout); });
    if (!settings.missing.empty()) output::write_file(settings.missing, merge.missing_list());
    if (!settings.json.empty()) output::write_file(settings.json, corpus::merge_json(merge));
    if (!settings.html.empty()) output::write_file(settings.html, corpus::merge_html(merge));
    const corpus::Totals totals = merge.totals();
    std::fprintf(stderr, "npuscribe: %s\n", corpus::totals_text(totals).c_str());
    return totals.complete() ? kDone : kSomeFailed;
}

}  // namespace

void add_report(CLI::App& root, int& exit_code) {
    CLI::App* report = root.add_subcommand("report", "Put the results of many runs together");
    report->require_subcommand(1);
    CLI::App* command = report->add_subcommand("merge",
                                               "Merge manifests that --manifest wrote into one corpus\n"
                                               "The corpus, a line of JSON for each recording that was "
                                               "transcribed, goes to stdout, and the totals to "
                                               "stderr. Of several lines about a recording, the last that is "
                                               "done counts. Lines that a killed run left "
                                               "half written are left out.");
    const auto settings = std::make_shared<Settings>();
    command->add_option("PART", settings->parts, "A manifest that a task wrote")->required();
    command->option_defaults()->group("Options");
    option(
        *command, "--expect", "LIST", settings->expect,
        "Report which recordings of this list, the one of --files-from, are missing, and write the corpus in "
        "its order");
    option(*command, "--missing", "FILE", settings->missing,
           "Write what failed or is missing, as a list that --files-from takes");
    option(*command, "--json", "FILE", settings->json,
           "Write the totals, and the recordings that are not done with their reasons, as JSON");
    option(*command, "--html", "FILE", settings->html,
           "Write a page with charts: recordings by realtime factor, failures by reason");
    command->footer(
        "Exit codes: 0 all recordings are in the corpus; 1 some failed or are missing; 2 wrong usage.");
    command->callback([settings, &exit_code] { exit_code = run(*settings); });
}

}  // namespace npuscribe::app
