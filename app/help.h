#pragma once
// What --help prints.

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

/// "npuscribe bench [OPTIONS] BENCHMARK [AUDIO]".
std::string usage_line(const CLI::App& command);

/// The options of transcribing that people use most, which --help shows; --help-all shows the others, too.
std::vector<std::string_view> everyday_options();

/// Usage, description, arguments, commands, and options under their headings, in 80 columns. Help of the root
/// is that of its first command, which is implied, with the list of commands. In CLI11's mode Normal, that
/// command has its everyday options alone, a line each; in mode All, it has all.
class Help final : public CLI::Formatter {
  public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
    std::string make_option(const CLI::Option* option, bool is_positional) const override;
};

}  // namespace npuscribe::app
