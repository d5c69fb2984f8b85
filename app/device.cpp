#include <spdlog/fmt/fmt.h>

#include <cstdio>

#include "base/error.h"
#include "base/thread_pool.h"
#include "command_line.h"
#include "commands.h"
#include "devices.h"
#include "exit_code.h"

namespace npuscribe::app {
namespace {

constexpr const char* kHelp =
    "Usage: npuscribe device list\n"
    "       npuscribe device info [NAME]\n\n"
    "list: the devices that can run the encoder, and what keeps the others from it.\n"
    "info: what a device is and how it computes (default: auto).\n";

int list() {
    std::string out = fmt::format("{:<10} {:<40} {}\n", "NAME", "WHAT", "AVAILABLE");
    for (const DeviceKind& kind : device_kinds()) {
        const std::string available = kind.missing.empty() ? "yes" : fmt::format("no: {}", kind.missing);
        out += fmt::format("{:<10} {:<40} {}\n", kind.name, kind.summary, available);
    }
    std::fputs(out.c_str(), stdout);
    return kDone;
}

int info(const std::string& name) {
    ThreadPool pool;
    std::string out;
    const auto row = [&](const std::string& what, const std::string& value) {
        out += fmt::format("{:<16}{}\n", what, value);
    };
    for (const Precision precision : {Precision::bfp16, Precision::bf16, Precision::fp32}) {
        DeviceOptions options;
        options.precision = precision;
        const DeviceInfo device = open_device(name, options, pool)->info();
        if (out.empty()) {
            row("name", device.name);
            row("description", device.description);
            row("times", device.modelled_times ? "modelled" : "measured");
            row("asynchronous", device.asynchronous ? "yes" : "no");
            row("threads", std::to_string(pool.size()));
        }
        row(std::string(npuscribe::name(precision)), device.numerics);
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
