#include "config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "command_line.h"
#include "option.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

CLI::Option& find(CLI::App& command, std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    CLI::Option* option = command.get_option_no_throw("--" + name);
    if (option == nullptr) refuse_unknown(command, "--" + name);
    if (name == "config") throw UsageError("a config file cannot name another; leave config out");
    return *option;
}

// CLI11's own set_config would do the same, but its errors do not name the file.
void set(CLI::App& command, const CLI::ConfigItem& item) {
    if (!item.parents.empty())
        throw UsageError(fmt::format("unexpected heading [{}]: options stand in the file without one",
                                     item.parents.front()));
    CLI::Option& option = find(command, item.name);
    if (!option.empty()) return;  // the command line has it
    const std::string value = fmt::format("{}", fmt::join(item.inputs, ","));
    option.add_result(is_switch(option) ? option.get_flag_value(item.name, value) : value)->run_callback();
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
    for (const CLI::ConfigItem& item : read(*file)) {
        if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of a section's ends
        try {
            set(command, item);
        } catch (const UsageError& error) {
            throw UsageError(fmt::format("{}: {}", file->string(), error.what()));
        }
    }
}

}  // namespace npuscribe::app
