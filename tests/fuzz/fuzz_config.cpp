// Any bytes as a config file set options of `transcribe` or throw UsageError.

#include <array>

#include "base/error.h"
#include "command_line.h"
#include "config_file.h"
#include "fuzz_input.h"
#include "transcribe_options.h"

#ifdef NPUSCRIBE_FUZZ_WITHOUT_DEVICES
namespace npuscribe {

// Instead of the one that knows the devices, which are not linked.
std::span<const std::string_view> device_choices() {
    static constexpr std::array<std::string_view, 4> kNames = {"auto", "cpu", "npu", "emulated"};
    return kNames;
}

}  // namespace npuscribe
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace npuscribe;
    struct Program {
        app::TranscribeSettings settings;
        CLI::App root{"", "npuscribe"};
        CLI::App& command;
        fuzz::MemoryFile file;
        Program() : command((app::set_up(root), *root.add_subcommand("transcribe", "Transcribe speech"))) {
            app::add_transcribe_options(command, settings);
        }
    };
    static Program program;  // declaring the options takes longer than reading a file
    program.root.clear();
    program.command.clear();
    program.file.write({reinterpret_cast<const char*>(data), size});
    try {
        app::apply_config(program.file.path().string(), program.command);
        app::values(program.command);
    } catch (const UsageError&) {  // the right answer to most inputs
    }
    return 0;
}
