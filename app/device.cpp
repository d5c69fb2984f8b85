#include <spdlog/fmt/fmt.h>

#include <cstdio>

#include "base/error.h"
#include "base/thread_pool.h"
#include "command_line.h"
#include "commands.h"
#include "device/choose.h"
#include "exit_code.h"

namespace npuscribe::app {
namespace {

constexpr const char* kHelp =
    "Usage: npuscribe device list\n"
    "       npuscribe device info [NAME]\n\n"
    "list: the devices that can run the encoder, and what keeps the others from it.\n"
    "info: what a device is and how it computes (default: auto).\n";

int list() {
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
    std::fputs(out.c_str(), stdout);
    return kDone;
}

int info(const std::string& name) {
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
                row("threads", std::to_string(pool.size()));
            }
            // "auto" may take another device for another precision.
            if (device.name != shown) numerics += fmt::format(" (device {})", device.name);
        } catch (const Error& error) {
            // Every device has bfp16: without it, the device itself is missing.
            if (precision == Precision::bfp16) throw;
            numerics = error.what();
        }
        row(std::string(npuscribe::name(precision)), numerics);
    }
    std::fputs(out.c_str(), stdout);
    return kDone;
}

}  // namespace

int device(const std::vector<std::string>& arguments) {
    if (asks_for_help(arguments)) {
        std::fputs(kHelp, stdout);
        return kDone;
    }
    const std::vector<std::string> words = parse({}, arguments);
    if (!words.empty() && words[0] == "list" && words.size() == 1) return list();
    if (!words.empty() && words[0] == "info" && words.size() <= 2)
        return info(words.size() == 2 ? words[1] : "auto");
    throw UsageError(
        words.empty()
            ? "device: it needs to be told what to do: npuscribe device list, or npuscribe device info"
            : fmt::format("device: '{}' was given; allowed is list, or info with at most one device",
                          fmt::join(words, " ")));
}

}  // namespace npuscribe::app
