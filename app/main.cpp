// npuscribe: the command line. The one place where errors become messages and exit codes.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/reason.h"
#include "command_line.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "familiar.h"
#include "first_word.h"
#include "provide_model.h"
#include "signals.h"
#include "terminal_text.h"
#include "welcome.h"

namespace npuscribe::app {
namespace {

// If stdout or stderr is closed, the next file that is opened gets its descriptor, and messages would end up
// in that file. A descriptor that is open for reading alone still refuses what is written: EBADF.
void hold_closed_descriptors() {
    for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
        const int held = ::open("/dev/null", O_RDONLY);
        if (held < 0 || held == descriptor) continue;
        ::dup2(held, descriptor);
        ::close(held);
    }
}

// Writes what was printed and is still in the buffer: a full disk must not look like success.
int flushed(int code) {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        throw OutputError("cannot write to standard output: " + std::generic_category().message(errno));
    return code;
}

bool asks_for_root(const std::string& word) {
    return word == "--help" || word == "-h" || word == "--help-all" || word == "--version" || word == "-V";
}

// The words as CLI11 takes them: with the command that is implied, and in its spellings.
std::vector<std::string> complete(const CLI::App& root, std::vector<std::string> words) {
    const bool help = !words.empty() && words[0] == "help";
    if (help) {  // help model fetch: model fetch --help
        words.erase(words.begin());
        words.emplace_back("--help");
    }
    const CLI::App* command = &root;
    std::vector<std::string> out;
    for (const std::string& word : words) {
        const auto below = commands_of(*command);
        const auto found = std::find_if(below.begin(), below.end(),
                                        [&](const CLI::App* each) { return each->get_name() == word; });
        if (found == below.end()) break;
        command = *found;
        out.push_back(word);
    }
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(out.size()));
    const CLI::App* implied = commands_of(root).front();
    if (command == &root) {
        if (help && words.size() > 1)
            throw UsageError(
                fmt::format("unknown command '{}'; npuscribe --help lists all commands", words[0]));
        if (!words.empty() && asks_for_root(words[0])) return words;
        if (!words.empty()) refuse_mistaken_command(root, words[0]);
        command = implied;
        out.push_back(implied->get_name());
    }
    const auto familiar = command == implied ? familiar_options() : std::span<const Familiar>{};
    for (std::string& word : translate(*command, words, familiar)) out.push_back(std::move(word));
    return out;
}

int run(const std::vector<std::string>& arguments) {
    if (arguments.empty() && ::isatty(STDERR_FILENO) != 0) {  // a person looks around
        std::fputs(welcome().c_str(), stderr);
        return kUsage;
    }
    int exit_code = kDone;
    CLI::App root("", "npuscribe");
    add_commands(root, exit_code);
    try {
        parse(root, complete(root, arguments));
    } catch (const CLI::CallForAllHelp&) {
        std::fputs(root.help("", CLI::AppFormatMode::All).c_str(), stdout);
    } catch (const CLI::CallForHelp&) {
        std::fputs(root.help().c_str(), stdout);
    } catch (const CLI::CallForVersion& version) {
        std::fputs(version.what(), stdout);
    }
    return exit_code;
}

// In a signal handler.
void report_truncated(const char* path) {
    const auto put = [](const char* text) {
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
    };
    put("npuscribe: error: ");
    put(path);
    put(": became shorter while it was read; restore it, or run npuscribe model fetch NAME --force\n");
    ::_exit(kUnavailable);
}

// nlohmann-json's destructors allocate. If memory runs out there, nothing can catch it; outputs are whole or
// absent even so.
[[noreturn]] void report_no_memory() {
    try {
        if (const std::exception_ptr current = std::current_exception()) std::rethrow_exception(current);
    } catch (const std::bad_alloc& error) {
        constexpr char kMessage[] =
            "npuscribe: error: out of memory; what is not finished yet is not written: use a smaller model, "
            "--batch-size or --beam-size\n";
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
        ::_exit(kSomeFailed);
    } catch (...) {  // a mistake of ours, which a core file tells more about
    }
    std::abort();
}

// A wait that a signal ended may have failed for that reason.
int report(const char* message, ExitCode code) {
    if (const int signal = exit_code_of_signal(); signal != 0) {
        std::fputs("npuscribe: interrupted\n", stderr);
        return signal;
    }
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
        std::set_terminate(report_no_memory);
        end_on_signals();
        watch_truncation(report_truncated);
        return flushed(app::run({argv + std::min(argc, 1), argv + argc}));
    } catch (const UsageError& error) {
        report(error.what(), kUsage);
        std::fputs("Try npuscribe --help.\n", stderr);
        return kUsage;
    } catch (const Cancelled&) {
        std::fputs("npuscribe: interrupted\n", stderr);
        return std::max<int>(exit_code_of_signal(), kInterrupted);
    } catch (const MissingModel& error) {
        report(error.what(), kUnavailable);
        std::fputs(error.next.c_str(), stderr);
        return kUnavailable;
    } catch (const ModelError& error) {
        return report(error.what(), kUnavailable);
    } catch (const DeviceError& error) {
        return report(error.what(), kUnavailable);
    } catch (const std::exception& error) {
        return report(reason_of(error).c_str(), kSomeFailed);
    }
}
