// npuscribe device test: the first thing to run on new hardware.

#include "bench/device_test/device_test.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "commands.h"
#include "console.h"
#include "device/choose.h"
#include "device_options.h"
#include "exit_code.h"
#include "option.h"
#include "output/atomic_file.h"
#include "signals.h"
#include "terminal_text.h"
#include "version.h"

namespace npuscribe::app {
namespace {

constexpr const char* kDefaultFile = "npuscribe-device-test.json";

struct Settings {
    std::string device = "npu";
    std::string model;
    std::string diagnostics;
    size_t threads = 0;
};

void print(const std::string& lines) {
    std::fputs(lines.c_str(), stdout);
    std::fflush(stdout);
}

std::string header(const device_test::Report& report) {
    std::string out =
        fmt::format("Testing {}: {}\n", report.device.name, printable(report.device.description));
    if (report.shapes.size() < report.planned_shapes) {
        out += fmt::format(
            "Array programs are installed for {} of {} sizes of weights; only these are tested.\n",
            report.shapes.size(), report.planned_shapes);
    }
    return out;
}

std::string line(const device_test::StepResult& step) {
    return fmt::format("{}/{} {:<22}{:<7}{:>7.2f} s  {}\n", static_cast<size_t>(step.step) + 1,
                       std::size(device_test::kSteps), name(step.step), step.passed ? "ok" : "FAILED",
                       step.seconds, printable(step.scope));
}

std::string explanation(const device_test::Failure& failure) {
    std::string out = fmt::format("\nWhat happened: {}\n", printable(failure.what));
    for (const std::string& sentence : failure.meaning) out += fmt::format("What it means: {}\n", sentence);
    for (const std::string& attempt : failure.attempts) out += fmt::format("What to try: {}\n", attempt);
    return out;
}

int run(const Settings& settings) {
    std::atomic<bool>& interrupted = watch_signals();
    Console console(Loudness::normal);
    ThreadPool pool(settings.threads);
    device_test::Listener listener;
    listener.begins = [](const device_test::Report& report) { print(header(report)); };
    listener.ends = [&](const device_test::StepResult& step) {
        console.clear();
        print(line(step));
    };
    listener.progress = [&](const std::string& what) {
        if (interrupted) throw Cancelled();
        console.progress("device test: " + what);
    };
    const device_test::Report report =
        device_test::test_device(settings.device, settings.model, pool, listener);
    console.clear();
    if (report.failure) print(explanation(*report.failure));
    if (!settings.diagnostics.empty() || report.failure) {
        const std::string file = settings.diagnostics.empty() ? kDefaultFile : settings.diagnostics;
        output::write_file(file, device_test::diagnostics(report, version()));
        if (report.failure) print(fmt::format("Attach to a bug report: {}\n", printable(file)));
    }
    if (!report.passed()) return kSomeFailed;
    print(fmt::format("The {} device passes all steps.\n", report.device.name));
    return kDone;
}

}  // namespace

void add_device_test(CLI::App& device, int& exit_code) {
    CLI::App* command = device.add_subcommand(
        "test",
        "Test a device step by step against the CPU\n"
        "From one product to the whole encoder, in the order in which things fail on new hardware. The test "
        "stops at the first difference, and says what it means and what to try.");
    const auto settings = std::make_shared<Settings>();
    option(*command, "DEVICE", "", settings->device, one_of({device_names().begin(), device_names().end()}),
           fmt::format("Device to test: {} (default: npu)", list_words(device_names())));
    command->option_defaults()->group("Options");
    option(*command, "-m,--model", "NAME|DIR", settings->model,
           "Test the encoder of this model; without it, of the smallest fetched model that the device can "
           "run, or with generated weights if there is none");
    option(
        *command, "--diagnostics", "FILE", settings->diagnostics,
        fmt::format("Write what a bug report needs to this file, also if the test passes; without it, to {} "
                    "if the test fails",
                    kDefaultFile));
    add_threads_option(*command, settings->threads);
    command->footer(
        "Exit codes: 0 all steps pass; 1 a step fails; 2 wrong usage; 3 device or model unavailable; 130 "
        "interrupted by SIGINT; 143 by SIGTERM.");
    command->callback([settings, &exit_code] { exit_code = run(*settings); });
}

}  // namespace npuscribe::app
