// npuscribe: the command line. Finds the subcommand; the one place where errors become messages and exit
// codes.

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "base/error.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "spelling.h"
#include "terminal_text.h"
#include "version.h"

namespace npuscribe::app {
namespace {

const Command* find_command(const std::string& name) {
    const auto found =
        std::find_if(commands().begin(), commands().end(), [&](const Command& c) { return c.name == name; });
    return found == commands().end() ? nullptr : &*found;
}

// Where stdout or stderr is closed, its descriptor would be given to a file that is opened, and what is
// printed would end in that. Open for reading alone, it still refuses what is written: EBADF.
void hold_closed_descriptors() {
    for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
        const int held = ::open("/dev/null", O_RDONLY);
        if (held < 0 || held == descriptor) continue;
        ::dup2(held, descriptor);
        ::close(held);
    }
}

// What was printed and not yet written: a full disk is no success.
int flushed(int code) {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        throw OutputError("cannot write to standard output: " + std::generic_category().message(errno));
    return code;
}

// "npuscribe devcie list": the word is no file, and nearly a command.
void refuse_mistyped_command(const std::string& word) {
    std::error_code ignored;
    if (word.empty() || word[0] == '-' || std::filesystem::exists(word, ignored)) return;
    for (const Command& command : commands()) {
        const size_t distance = edit_distance(word, command.name);
        if (distance == 0 || distance > 2) continue;
        throw UsageError(fmt::format("there is neither a file nor a command {}; did you mean npuscribe {}?",
                                     word, command.name));
    }
}

int run(const std::vector<std::string>& arguments) {
    const std::string first = arguments.empty() ? "" : arguments.front();
    if (first == "--version" || first == "-V") {
        std::fputs(version_text().c_str(), stdout);
        return kDone;
    }
    if (const Command* command = find_command(first)) {
        return command->run({arguments.begin() + 1, arguments.end()});
    }
    if (first == "help" && arguments.size() > 1) {
        if (const Command* command = find_command(arguments[1])) return command->run({"--help"});
        throw UsageError(
            fmt::format("help: there is no command '{}'; npuscribe --help lists them", arguments[1]));
    }
    if (first == "--help" || first == "-h" || first == "help") {
        const int code = transcribe({"--help"});
        std::string out = "\nCommands:\n";
        for (const Command& command : commands())
            out += fmt::format("  {:34}{}\n", command.usage, command.summary);
        out += "  npuscribe --version\n";
        std::fputs(out.c_str(), stdout);
        return code;
    }
    refuse_mistyped_command(first);
    return transcribe(arguments);
}

int report(const char* message, ExitCode code) {
    std::fprintf(stderr, "npuscribe: %s%s\n", error_mark().c_str(), printable(message).c_str());
    return code;
}

}  // namespace
}  // namespace npuscribe::app

int main(int argc, char** argv) {
    using namespace npuscribe;
    using namespace npuscribe::app;
    try {
        hold_closed_descriptors();
        return flushed(app::run({argv + std::min(argc, 1), argv + argc}));
    } catch (const UsageError& error) {
        report(error.what(), kUsage);
        std::fputs("Try npuscribe --help.\n", stderr);
        return kUsage;
    } catch (const Cancelled&) {
        std::fputs("npuscribe: interrupted\n", stderr);
        return kInterrupted;
    } catch (const ModelError& error) {
        return report(error.what(), kUnavailable);
    } catch (const DeviceError& error) {
        return report(error.what(), kUnavailable);
    } catch (const std::bad_alloc&) {
        return report("out of memory; a smaller model, --batch-size or --beam-size needs less", kSomeFailed);
    } catch (const std::exception& error) {
        return report(error.what(), kSomeFailed);
    }
}
