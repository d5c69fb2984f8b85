#pragma once
// Defaults of the user's own: a TOML file with a line an option.

#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "option.h"

namespace npuscribe::app {

/// $XDG_CONFIG_HOME/npuscribe/config.toml, else ~/.config/npuscribe/config.toml; nothing where there is no
/// such file.
std::optional<std::filesystem::path> users_config();

/// Sets every option that the file names and that is not among `given`. `given_file` is what --config says: a
/// file that must be there, "none", or empty for the user's own, where there is one. Throws UsageError that
/// names the file, the option and what is allowed.
void apply_config(const std::string& given_file, std::span<const Option> options,
                  const std::set<std::string>& given);

}  // namespace npuscribe::app
