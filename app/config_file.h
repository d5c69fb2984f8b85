#pragma once
// Defaults of the user's own: a TOML file with a line an option.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>

namespace npuscribe::app {

/// $XDG_CONFIG_HOME/npuscribe/config.toml, else ~/.config/npuscribe/config.toml; nothing if there is no such
/// file.
std::optional<std::filesystem::path> users_config();

/// Sets every option of `command` that the file names and the command line did not. `given_file` is what
/// --config says: a file that must exist, "none", or empty for the user's own if there is one. Throws
/// UsageError that names the file, the option and what is expected.
void apply_config(const std::string& given_file, CLI::App& command);

}  // namespace npuscribe::app
