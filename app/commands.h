#pragma once
// The subcommands, one file each. Each takes the words after its name and gives the exit code; errors are
// thrown.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

int transcribe(const std::vector<std::string>& arguments);
int model(const std::vector<std::string>& arguments);
/// A subcommand of `model`: the words after it.
int model_convert(const std::vector<std::string>& arguments);
std::string model_convert_help();
int model_fetch(const std::vector<std::string>& arguments);
std::string model_fetch_help();
int device(const std::vector<std::string>& arguments);
int bench(const std::vector<std::string>& arguments);
int project(const std::vector<std::string>& arguments);
int man(const std::vector<std::string>& arguments);
int completion(const std::vector<std::string>& arguments);

struct Command {
    std::string_view name;
    std::string_view usage;
    std::string_view summary;
    int (*run)(const std::vector<std::string>& arguments);
    std::span<const std::string_view> words{};  // that may follow the name
};

/// All commands, as help lists them. The first is the one that is implied.
std::span<const Command> commands();

}  // namespace npuscribe::app
