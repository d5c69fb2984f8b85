#pragma once
// What a shell may offer for an option's value.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace npuscribe::app {

struct ValueCompletion {
    bool models = false;  // the catalog's names, models on disk, and files
    bool files = false;
    bool directories = false;
    bool list = false;  // several of `words`, with commas between them
    std::vector<std::string> words;
};

ValueCompletion completion_of(const CLI::Option& option);

/// The names and aliases of the catalog's models.
std::vector<std::string> model_names();

/// The commands below `command` whose first argument is a model.
std::vector<const CLI::App*> commands_on_models(const CLI::App& command);

}  // namespace npuscribe::app
