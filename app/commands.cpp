#include "commands.h"

#include "command_line.h"
#include "version.h"

namespace npuscribe::app {

void add_commands(CLI::App& root, int& exit_code) {
    set_up(root);
    root.set_version_flag("-V,--version", version_text, "Print the version, and those of libraries");
    add_transcribe(root, exit_code);
    add_model(root);
    add_device(root, exit_code);
    add_bench(root, exit_code);
    add_project(root);
    add_report(root, exit_code);
    add_man(root);
    add_completion(root);
}

}  // namespace npuscribe::app
