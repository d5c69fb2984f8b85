#pragma once
// The command `transcribe` as the program declares it, with settings that a test can look at.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "command_line.h"
#include "familiar.h"
#include "transcribe_options.h"

namespace npuscribe::app::test_support {

struct TranscribeCommand {
    TranscribeSettings settings;
    CLI::App root{"", "npuscribe"};
    CLI::App& command;

    TranscribeCommand() : command(added(root)) { add_transcribe_options(command, settings); }

    /// As main() does it, but for running the command.
    void read(const std::vector<std::string>& arguments) {
        std::vector<std::string> words = translate(command, arguments, familiar_options());
        words.insert(words.begin(), "transcribe");
        parse(root, words);
    }

  private:
    static CLI::App& added(CLI::App& root) {
        set_up(root);
        return *root.add_subcommand("transcribe", "Transcribe speech");
    }
};

inline TranscribeSettings parsed(const std::vector<std::string>& arguments) {
    TranscribeCommand command;
    command.read(arguments);
    return command.settings;
}

inline std::string refusal(const std::vector<std::string>& arguments) {
    return test::message_of<UsageError>([&] { parsed(arguments); });
}

}  // namespace npuscribe::app::test_support
