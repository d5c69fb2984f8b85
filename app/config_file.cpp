#include "config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "base/error.h"
#include "command_line.h"
#include "option.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

// An option by its full name: neither --help nor the --no- form of a switch can stand in a file.
CLI::Option& find(CLI::App& command, const std::string& wanted) {
    if (wanted == "config") throw UsageError("a config file cannot name another; leave config out");
    const auto options = options_of(command);
    const bool known = std::any_of(options.begin(), options.end(),
                                   [&](const CLI::Option* option) { return name(*option) == wanted; });
    if (!known) refuse_unknown(command, "--" + wanted);
    return *command.get_option("--" + wanted);
}

// CLI11's own set_config would do the same, but its errors do not name the file.
// `seen`: the names that the file has used so far.
void set(CLI::App& command, const CLI::ConfigItem& item, std::set<std::string>& seen) {
    if (!item.parents.empty())
        throw UsageError(fmt::format("unexpected heading [{}]: options stand in the file without one",
                                     item.parents.front()));
    std::string name = item.name;
    std::replace(name.begin(), name.end(), '_', '-');
    CLI::Option& option = find(command, name);
    if (!seen.insert(name).second)
        throw UsageError(fmt::format("{} is given more than once; leave one line", name));
    if (item.inputs.empty()) throw UsageError(fmt::format("{} has an empty list; leave the line out", name));
    if (!option.empty()) return;  // the command line has it
    const std::string value = fmt::format("{}", fmt::join(item.inputs, ","));
    if (is_switch(option) && value.empty()) refuse(value, "--" + name, "true or false");
    option.add_result(value)->run_callback();
}

std::vector<CLI::ConfigItem> read(const fs::path& file) {
    std::ifstream in(file);
    if (!in || fs::is_directory(file))
        throw UsageError(
            fmt::format("invalid value '{}' for --config: expected a TOML file that can be read, or none",
                        file.string()));
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

void apply_config(const std::string& given_file, CLI::App& command) {
    if (given_file == "none") return;
    const std::optional<fs::path> file = given_file.empty() ? users_config() : fs::path(given_file);
    if (!file) return;
    std::set<std::string> seen;
    for (const CLI::ConfigItem& item : read(*file)) {
        if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of a section's ends
        try {
            set(command, item, seen);
        } catch (const UsageError& error) {
            throw UsageError(fmt::format("{}: {}", file->string(), error.what()));
        }
    }
}

}  // namespace npuscribe::app
