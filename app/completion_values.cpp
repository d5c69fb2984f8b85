#include "completion_values.h"

#include <algorithm>

#include "base/text.h"
#include "command_line.h"
#include "model/catalog.h"
#include "model/languages.h"
#include "option.h"

namespace npuscribe::app {
namespace {

bool is_word(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

std::vector<std::string> languages() {
    std::vector<std::string> out = {"auto", "list"};
    for (const Language& language : whisper_languages()) {
        out.emplace_back(language.code);
        if (is_word(language.name)) out.emplace_back(language.name);
    }
    return out;
}

}  // namespace

ValueCompletion completion_of(const CLI::Option& option) {
    ValueCompletion completion;
    if (is_switch(option)) return completion;
    const std::string value = value_name(option);
    completion.models = name(option) == "model";
    completion.directories = value == "DIR";
    completion.files = !completion.directories && value.find("FILE") != std::string::npos;
    completion.list = value.starts_with("LIST");
    completion.words = name(option) == "language" ? languages() : choices(option);
    // "auto|full|SECONDS" has two words.
    if (completion.words.empty()) {
        for (const std::string_view part : split(value, '|')) {
            if (is_word(part) && part != "-") completion.words.emplace_back(part);
        }
    }
    return completion;
}

std::vector<std::string> model_names() {
    std::vector<std::string> out;
    for (const CatalogEntry& entry : catalog()) {
        out.push_back(entry.name);
        out.insert(out.end(), entry.aliases.begin(), entry.aliases.end());
    }
    return out;
}

std::vector<const CLI::App*> commands_on_models(const CLI::App& command) {
    std::vector<const CLI::App*> out;
    for (const CLI::App* below : commands_of(command)) {
        for (const CLI::Option* option : below->get_options()) {
            if (!option->get_positional()) continue;
            const std::string first = option->get_name();
            if (command.get_name() == "model" && (first == "MODEL" || first == "NAME" || first == "SOURCE"))
                out.push_back(below);
            break;
        }
    }
    return out;
}

}  // namespace npuscribe::app
