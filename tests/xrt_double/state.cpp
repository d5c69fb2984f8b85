#include "state.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace npuscribe::xrt_double {
namespace {

Fault read_fault() {
    Fault fault;
    const char* text = std::getenv("NPUSCRIBE_XRT_DOUBLE_FAULT");
    if (text == nullptr) return fault;
    fault.kind = text;
    if (const size_t colon = fault.kind.find(':'); colon != std::string::npos) {
        const std::string which = fault.kind.substr(colon + 1);
        if (const size_t cross = which.find('x'); cross != std::string::npos) {
            fault.k = std::strtoull(which.c_str(), nullptr, 10);
            fault.n = std::strtoull(which.c_str() + cross + 1, nullptr, 10);
        } else {
            fault.at = std::strtoull(which.c_str(), nullptr, 10);
        }
        fault.kind.resize(colon);
    }
    return fault;
}

std::vector<std::pair<const char*, uint64_t>> all_counters() {
    const Counters& count = counters();
    return {{"devices_open", count.devices_open},
            {"contexts_open", count.contexts_open},
            {"buffers_open", count.buffers_open},
            {"contexts", count.contexts},
            {"buffers", count.buffers},
            {"runs", count.runs},
            {"runlists", count.runlists},
            {"longest_runlist", count.longest_runlist},
            {"submissions", count.submissions},
            {"waits", count.waits},
            {"most_in_flight", count.most_in_flight},
            {"bytes_to_device", count.bytes_to_device},
            {"bytes_from_device", count.bytes_from_device},
            {"violations", count.violations}};
}

void write_log() {
    const char* path = std::getenv("NPUSCRIBE_XRT_DOUBLE_LOG");
    if (path == nullptr) return;
    std::ofstream log(path);
    for (const auto& [name, value] : all_counters()) log << name << "=" << value << "\n";
}

}  // namespace

std::chrono::microseconds latency() {
    static const auto time = [] {
        const char* text = std::getenv("NPUSCRIBE_XRT_DOUBLE_LATENCY");
        const double milliseconds = text != nullptr ? std::strtod(text, nullptr) : 0;
        return std::chrono::microseconds(static_cast<int64_t>(milliseconds * 1000));
    }();
    return time;
}

const Fault& fault() {
    static const Fault fault = read_fault();
    return fault;
}

bool fault_is(const std::string& kind) {
    return fault().kind == kind;
}

Counters& counters() {
    // Never destroyed, because objects of other libraries may be destroyed later and still count.
    static Counters* const counters = [] {
        std::atexit(write_log);
        return new Counters;
    }();
    return *counters;
}

void count_submission() {
    Counters& count = counters();
    ++count.submissions;
    // Nobody waits for the runs of a device that is lost, so this may be too many then.
    count.most_in_flight = std::max<uint64_t>(count.most_in_flight, count.submissions - count.waits);
}

std::mutex& lock() {
    static auto* const mutex = new std::mutex;
    return *mutex;
}

std::atomic<bool>& held() {
    static auto* const held = new std::atomic<bool>{false};
    return *held;
}

void violation_in_destructor(const std::string& what) noexcept {
    ++counters().violations;
    std::fprintf(stderr, "XRT double: %s\n", what.c_str());
}

void violation(const std::string& what) {
    violation_in_destructor(what);
    throw std::runtime_error("XRT double: " + what);
}

}  // namespace npuscribe::xrt_double

/// For tests in the same process. Returns all ones if there is no such counter.
extern "C" uint64_t npuscribe_xrt_double_counter(const char* name) {
    for (const auto& [known, value] : npuscribe::xrt_double::all_counters()) {
        if (std::strcmp(known, name) == 0) return value;
    }
    return ~uint64_t{0};
}

/// See held().
extern "C" void npuscribe_xrt_double_hold(bool hold) {
    npuscribe::xrt_double::held() = hold;
}
