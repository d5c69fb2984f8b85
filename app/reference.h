#pragma once
// Every command with its options, as data: what the man page, the completions and the table of options are
// made of.

#include <string>
#include <vector>

#include "bench_options.h"
#include "option.h"
#include "transcribe_options.h"

namespace npuscribe::app {

struct CommandReference {
    std::string name;
    std::string usage;
    std::string summary;
    std::vector<Option> options;
    std::vector<std::string> words;  // that may follow the name: "list", "info"
};

/// Options are bound to settings of its own, at their defaults.
class Reference {
  public:
    Reference();
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;

    /// As commands() has them. The first is the one that is implied.
    const std::vector<CommandReference>& commands() const { return commands_; }

  private:
    TranscribeSettings transcribe_;
    BenchSettings bench_;
    ProjectSettings project_;
    std::vector<CommandReference> commands_;
};

/// npuscribe(1), in the language of man(7).
std::string man_page(const Reference&);
/// The options of transcribing as a table, in Markdown.
std::string option_table(const Reference&);

/// What completes npuscribe's command line in a shell.
std::string bash_completion(const Reference&);
std::string zsh_completion(const Reference&);
std::string fish_completion(const Reference&);

}  // namespace npuscribe::app
