#pragma once
// The subcommands, one file each. Each function adds a command with its options to the root; once the command
// line is read, CLI11 calls the one that was chosen. Errors are thrown. `exit_code`, for a command that ends
// with others than kDone, must outlive the root.

#include <CLI/CLI.hpp>

namespace npuscribe::app {

void add_transcribe(CLI::App& root, int& exit_code);
void add_model(CLI::App& root);
/// Commands of `model`.
void add_model_fetch(CLI::App& model);
void add_model_convert(CLI::App& model);
void add_device(CLI::App& root, int& exit_code);
/// A command of `device`.
void add_device_test(CLI::App& device, int& exit_code);
void add_bench(CLI::App& root, int& exit_code);
void add_project(CLI::App& root);
void add_report(CLI::App& root, int& exit_code);
void add_man(CLI::App& root);
void add_completion(CLI::App& root);

/// Adds all of them. The first, transcribe, is the one that is implied.
void add_commands(CLI::App& root, int& exit_code);

}  // namespace npuscribe::app
