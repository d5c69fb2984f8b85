#include "config_file.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "spelling.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

const Option* find(std::span<const Option> options, std::string name, const std::string& file) {
    std::replace(name.begin(), name.end(), '_', '-');
    const auto found = std::find_if(options.begin(), options.end(),
                                    [&](const Option& option) { return option.name == name; });
    if (found != options.end()) return &*found;
    std::vector<std::string> known;
    for (const Option& option : options) known.push_back(option.name);
    const auto near = nearest(name, known);
    throw UsageError(fmt::format("{}: there is no option {}{}", file, name,
                                 near.empty() ? "; npuscribe --help lists what there is"
                                              : fmt::format("; did you mean {}?", fmt::join(near, " or "))));
}

std::vector<CLI::ConfigItem> read(const fs::path& file) {
    std::ifstream in(file);
    if (!in || fs::is_directory(file))
        throw UsageError(
            fmt::format("--config: {} cannot be read; give a TOML file, or none", file.string()));
    try {
        return CLI::ConfigTOML().from_config(in);
    } catch (const CLI::Error& error) {
        throw UsageError(fmt::format("{}: {}", file.string(), error.what()));
    }
}

}  // namespace

std::optional<fs::path> users_config() {
    const auto directory = [](const char* name) -> fs::path {
        const char* value = std::getenv(name);
        return value != nullptr ? value : "";
    };
    fs::path base = directory("XDG_CONFIG_HOME");
    if (base.empty()) {
        const fs::path home = directory("HOME");
        if (home.empty()) return std::nullopt;
        base = home / ".config";
    }
    fs::path file = base / "npuscribe" / "config.toml";
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return std::nullopt;
    return file;
}

void apply_config(const std::string& given_file, std::span<const Option> options,
                  const std::set<std::string>& given) {
    if (given_file == "none") return;
    const std::optional<fs::path> file = given_file.empty() ? users_config() : fs::path(given_file);
    if (!file) return;
    for (const CLI::ConfigItem& item : read(*file)) {
        if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of a section's ends
        if (!item.parents.empty()) {
            throw UsageError(fmt::format("{}: [{}] was found; options stand in the file without a heading",
                                         file->string(), item.parents.front()));
        }
        const Option& option = *find(options, item.name, file->string());
        if (option.name == "config")
            throw UsageError(fmt::format("{}: a config file cannot name another", file->string()));
        if (given.contains(option.name)) continue;
        for (const std::string& value : item.inputs) {
            try {
                option.binding.set(value);
            } catch (const UsageError& error) {
                throw UsageError(fmt::format("{}: {}: {}", file->string(), option.name, error.what()));
            }
        }
    }
}

}  // namespace npuscribe::app
