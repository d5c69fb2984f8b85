#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/thread_pool.h"
#include "commands.h"
#include "device/choose.h"
#include "device_options.h"
#include "option.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

void list() {
    std::string out;
    for (const DeviceListing& device : list_devices()) {
        const auto row = [&](std::string_view name, std::string_view text) {
            out += fmt::format("{:<10} {}\n", name, text);
        };
        row(device.name,
            fmt::format("{}: {}", device.available ? "available" : "not available", device.summary));
        if (!device.description.empty()) row("", device.description);
        for (const std::string& missing : device.missing) row("", "missing: " + missing);
        for (const std::string& warning : device.warnings) row("", "warning: " + warning);
    }
    std::fputs(printable_lines(out).c_str(), stdout);
}

// The error names the first thing that is missing; who asks about a device wants all of them.
void print_missing(const std::string& name) {
    for (const DeviceListing& device : list_devices()) {
        if (device.name != name) continue;
        for (const std::string& missing : device.missing)
            std::fputs(fmt::format("missing: {}\n", printable(missing)).c_str(), stderr);
    }
}

void info(const std::string& name) {
    ThreadPool pool;
    std::string out;
    std::string shown;
    const auto row = [&](const std::string& what, const std::string& value) {
        out += fmt::format("{:<16}{}\n", what, value);
    };
    for (const Precision precision : precisions()) {
        DeviceOptions options;
        options.precision = precision;
        std::string numerics;
        try {
            const DeviceInfo device = choose_device(name, options, pool).device->info();
            numerics = device.numerics;
            if (out.empty()) {
                shown = device.name;
                row("name", device.name);
                row("description", device.description);
                row("times", device.modelled_times ? "modelled" : "measured");
                row("asynchronous", device.asynchronous ? "yes" : "no");
                row("threads", fmt::to_string(pool.size()));
            }
            // "auto" may take another device for another precision.
            if (device.name != shown) numerics += fmt::format(" (device {})", device.name);
        } catch (const Error& error) {
            // Every device has bfp16: without it, the device itself is missing.
            if (precision == Precision::bfp16) {
                print_missing(name);
                throw;
            }
            numerics = error.what();
        }
        row(std::string(npuscribe::name(precision)), numerics);
    }
    std::fputs(printable_lines(out).c_str(), stdout);
}

}  // namespace

void add_device(CLI::App& root, int& exit_code) {
    CLI::App* command =
        root.add_subcommand("device", "Show which devices can run the encoder, and test them");
    command->require_subcommand(1);
    command->add_subcommand("list", "List all devices, and what keeps some of them from being used")
        ->callback(list);
    CLI::App* described = command->add_subcommand("info", "Describe a device and how it computes");
    const auto name = std::make_shared<std::string>("auto");
    option(*described, "DEVICE", "", *name, device_name(), "Device to describe (default: auto)");
    described->callback([name] { info(*name); });
    add_device_test(*command, exit_code);
}

}  // namespace npuscribe::app
