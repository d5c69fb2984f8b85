#include "first_word.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "command_line.h"
#include "spelling.h"

namespace npuscribe::app {
namespace {

struct Habit {
    std::string_view words;
    std::string_view advice;
};
constexpr Habit kHabits[] = {
    {"version", "npuscribe --version prints the version"},
    {"models list ls", "npuscribe model list shows the models"},
    {"download fetch pull get", "npuscribe model fetch NAME downloads a model"},
    {"convert quantize quantise", "npuscribe model convert NAME converts a model"},
    {"devices", "npuscribe device list shows the devices"},
    {"languages", "npuscribe --language list prints the languages"},
    {"translate", "npuscribe --task translate FILE translates into English"},
    {"benchmark",
     "npuscribe bench layer measures a layer, and npuscribe bench --help lists what else there is"},
    {"serve server web api daemon",
     "there is no server; npuscribe transcribes files, directories and pipes: npuscribe FILE"},
    {"stream live listen record mic microphone",
     "there is no live input; pipe a recorder into npuscribe: arecord -f cd | npuscribe -"},
    {"config configure settings",
     "defaults stand in ~/.config/npuscribe/config.toml, one option a line, such as language = \"de\""},
    {"update upgrade install", "npuscribe does not update itself; its package or its source tree does"},
};

}  // namespace

void refuse_mistaken_command(const CLI::App& root, const std::string& word) {
    std::error_code ignored;
    if (word.empty() || word[0] == '-' || std::filesystem::exists(word, ignored)) return;
    for (const Habit& habit : kHabits) {
        const auto words = split(habit.words, ' ');
        if (std::find(words.begin(), words.end(), to_lower(word)) != words.end())
            throw UsageError(fmt::format("there is no file and no command '{}'; {}", word, habit.advice));
    }
    const auto near = nearest(word, first_words(root));
    if (!near.empty())
        throw UsageError(fmt::format("there is no file and no command '{}'; did you mean npuscribe {}?", word,
                                     near.front()));
}

}  // namespace npuscribe::app
