#include "commands.h"

#include <array>

namespace npuscribe::app {
namespace {

constexpr std::array<std::string_view, 4> kModelWords = {"list", "info", "fetch", "convert"};
constexpr std::array<std::string_view, 2> kDeviceWords = {"list", "info"};
constexpr std::array<std::string_view, 8> kBenchWords = {"layer", "encoder", "bandwidth", "power",
                                                         "batch", "prepare", "pipeline",  "roofline"};
constexpr std::array<std::string_view, 1> kManWords = {"markdown"};
constexpr std::array<std::string_view, 3> kShells = {"bash", "zsh", "fish"};

constexpr std::array kCommands = {
    Command{"transcribe", "npuscribe [transcribe] INPUT...",
            "transcribe audio; what is done without a command", transcribe},
    Command{"model", "npuscribe model list|info|fetch|convert", "the models that are known and fetched",
            model, kModelWords},
    Command{"device", "npuscribe device list|info", "what can run the encoder", device, kDeviceWords},
    Command{"bench", "npuscribe bench BENCHMARK", "what a device does, measured or modelled", bench,
            kBenchWords},
    Command{"project", "npuscribe project", "the projection tables, for every size of Whisper", project},
    Command{"man", "npuscribe man", "the manual page", man, kManWords},
    Command{"completion", "npuscribe completion SHELL", "completions for bash, zsh or fish", completion,
            kShells},
};

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

}  // namespace npuscribe::app
