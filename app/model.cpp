#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "commands.h"
#include "fetch/fetch.h"
#include "model/container.h"
#include "model/model.h"
#include "option.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

// Bytes of a file, or of the files in a directory, subdirectories not counted.
uintmax_t size_of(const fs::path& directory) {
    uintmax_t bytes = 0;
    std::error_code error;
    if (!fs::is_directory(directory, error)) return fs::file_size(directory, error);
    for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        std::error_code ignored;
        if (const uintmax_t size = entry->file_size(ignored); !ignored) bytes += size;
    }
    return bytes;
}

// Converted models of other names than the catalog's, in alphabetical order.
std::vector<std::string> other_converted(const std::vector<std::string>& known) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(models_directory(), error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        const fs::path& path = entry->path();
        const std::string name = path.stem().string();
        if (path.extension() == container::kSuffix &&
            std::find(known.begin(), known.end(), name) == known.end())
            names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

// How much a download has, and whether every file's SHA-256 is known; nothing for a model of another name.
std::pair<std::string, std::string> facts(const std::string& name) {
    for (const fetch::Entry& entry : fetch::entries()) {
        if (entry.name == name)
            return {fetch::size_text(entry.bytes()), entry.verified() ? "known" : "unverified"};
    }
    return {};
}

void list() {
    constexpr const char* kRow = "{:<18} {:>7}  {:<10}  {}\n";
    std::string out = fmt::format(kRow, "NAME", "SIZE", "SHA-256", "ON DISK");
    std::vector<std::string> names = known_models();
    for (std::string& other : other_converted(names)) names.push_back(std::move(other));
    for (const std::string& name : names) {
        const auto original = find_fetched(name, Prefer::original);
        const auto converted = find_fetched(name, Prefer::converted);
        const auto [size, sums] = facts(name);
        const auto place = [](const fs::path& path) {
            return fmt::format("{}  {}", fetch::size_text(size_of(path)), path.string());
        };
        out += fmt::format(kRow, name, size, sums, original ? place(*original) : "no");
        if (original && converted != original) out += fmt::format(kRow, "", "", "", place(*converted));
    }
    std::fputs(printable_lines(out).c_str(), stdout);
}

void info(const std::string& name) {
    const Model model = load_model(name);
    const Dimensions& d = model.dimensions();
    std::string out;
    const auto row = [&](const char* what, const std::string& value) {
        out += fmt::format("{:<16}{}\n", what, value);
    };
    row("name", model.name);
    row("path", model.path.string());
    row("format", model.checkpoint->description());
    row("languages", d.multilingual() ? fmt::to_string(model.tokenizer.languages().size()) : "English only");
    for (const auto& [field, member] : kDimensionFields) row(field, fmt::to_string(d.*member));
    row("alignment heads", fmt::to_string(model.checkpoint->alignment_heads().size()));
    std::fputs(printable_lines(out).c_str(), stdout);
}

}  // namespace

void add_model(CLI::App& root) {
    CLI::App* command = root.add_subcommand("model", "List, describe, download and convert models");
    command->require_subcommand(1);
    command
        ->add_subcommand("list",
                         "List known models: how large they are, whether their checksums are known, and "
                         "where they are on disk")
        ->callback(list);
    CLI::App* described = command->add_subcommand("info", "Show a model's dimensions, format and languages");
    const auto name = std::make_shared<std::string>("base");
    option(*described, "MODEL", "", *name, "Name or path of the model (default: base)");
    described->callback([name] { info(*name); });
    add_model_fetch(*command);
    add_model_convert(*command);
}

}  // namespace npuscribe::app
