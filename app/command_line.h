#pragma once
// From words typed to options set, and from options to help.

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "option.h"

namespace npuscribe::app {

/// Sets `options` from `arguments` and returns those that belong to no option (inputs). Knows --name VALUE,
/// --name=VALUE, -n VALUE, -nVALUE, --switch, --no-switch, --switch=false, "--" before inputs, '_' for '-',
/// and other programs' options (familiar.h). Throws UsageError that names the option, what was given, and
/// what is allowed or nearest. `given`, where there is one, gets the names of the options that were among
/// them.
std::vector<std::string> parse(std::span<const Option> options, const std::vector<std::string>& arguments,
                               std::set<std::string>* given = nullptr);

/// True where --help or -h is among the arguments: help is given whatever else is wrong.
bool asks_for_help(const std::vector<std::string>& arguments);

/// The options under their groups' headings, wrapped to `width` columns.
std::string help_text(std::span<const Option> options, size_t width = 100);

/// Every option's name and present value, for reports.
std::vector<std::pair<std::string, std::string>> values(std::span<const Option> options);

}  // namespace npuscribe::app
