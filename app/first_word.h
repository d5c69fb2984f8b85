#pragma once
// A first word that is neither a command nor a file.

#include <CLI/CLI.hpp>
#include <string>

namespace npuscribe::app {

/// Throws UsageError with what to type if `word` is no file and stands for something: a command that other
/// programs have ("serve", "models"), or one of npuscribe's own, mistyped. Does nothing otherwise: it is an
/// input.
void refuse_mistaken_command(const CLI::App& root, const std::string& word);

}  // namespace npuscribe::app
