#include "provide_model.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "fetch/fetch.h"
#include "fetch_progress.h"
#include "model/catalog.h"
#include "model/model.h"
#include "spelling.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

std::string size_text(const std::string& model) {
    return fetch::size_text(fetch::find_entry(model).bytes());
}

/// In single quotes if a shell would read it otherwise.
std::string for_shell(const std::string& word) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_./,:=+@%").find(c) != std::string_view::npos;
    };
    return !word.empty() && std::all_of(word.begin(), word.end(), plain) ? word : shell_quoted(word);
}

[[noreturn]] void refuse_missing(const CatalogEntry& entry, const std::string& input, bool quiet) {
    const auto line = [](const std::string& command, const std::string& what) {
        return fmt::format("  {:<34}  {}\n", command, what);
    };
    const std::string option = entry.name == kDefaultModel ? "" : fmt::format("-m {} ", entry.name);
    std::vector<std::string> choices;
    for (const char* name : {"tiny", "base", "small", "large-v3-turbo"})
        choices.push_back(fmt::format("{} {}", name, size_text(name)));
    const std::string fetch = fmt::format("npuscribe model fetch {}", entry.name);
    const std::string next =
        "\n" +
        line(fetch, fmt::format("download the model {}: {}, once", entry.name, size_text(entry.name))) +
        line(fmt::format("npuscribe {}{}", option, for_shell(input)), "then this run again") +
        fmt::format(
            "\nIt comes from Hugging Face and is kept. No audio ever leaves this machine.\n"
            "Fast to accurate: {}.\n"
            "npuscribe model list shows all; -m PATH takes one that you have.\n",
            fmt::join(choices, ", "));
    throw MissingModel(fmt::format("model {} is not in {}; fetch it with {}", entry.name,
                                   models_directory().string(), fetch),
                       quiet ? "" : next);
}

// A name that is neither known nor there. What looks like a path is left to the readers' messages.
void refuse_slip(const std::string& name) {
    if (name.find('/') != std::string::npos || name.ends_with(".bin") || name.ends_with(".pt")) return;
    std::vector<std::string> known = known_models();
    for (const CatalogEntry& entry : catalog())
        known.insert(known.end(), entry.aliases.begin(), entry.aliases.end());
    if (const auto near = nearest(to_lower(name), known); !near.empty())
        throw ModelError(fmt::format("no model {}: did you mean {}? npuscribe model list shows all", name,
                                     fmt::join(near, " or ")));
}

void fetch(const fetch::Entry& entry, Console& console) {
    FetchProgress progress(console);
    fetch_entry(entry, fetch_options(), false, console, progress);
}

void provide_vad(bool may_fetch, Console& console) {
    for (const fetch::Entry& entry : fetch::entries()) {
        if (!entry.is_model && may_fetch && !fetch::is_there(entry, models_directory()))
            fetch(entry, console);
    }
}

}  // namespace

std::string provide_model(const Need& need, Console& console) {
    const CatalogEntry* entry = find_in_catalog(need.model);
    if (entry == nullptr && !exists(need.model)) {
        entry = find_by_other_name(need.model);
        if (entry != nullptr) spdlog::info("{} is the model {}", printable(need.model), entry->name);
    }
    const bool there = entry == nullptr || find_fetched(entry->name).has_value() || exists(need.model);
    if (entry == nullptr && !exists(need.model) && !find_fetched(need.model)) refuse_slip(need.model);
    if (!there && !need.may_fetch) refuse_missing(*entry, need.input, console.quiet());
    if (!there) {
        console.print(
            fmt::format("The model {} is not on this machine yet; it is downloaded once, and no audio leaves "
                        "this machine.\n",
                        entry->name));
        fetch(fetch::find_entry(entry->name), console);
    }
    if (need.vad) provide_vad(need.may_fetch, console);
    return entry != nullptr ? entry->name : need.model;
}

}  // namespace npuscribe::app
