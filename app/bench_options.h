#pragma once
// The options of `bench` and `project`.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/project.h"
#include "device/device.h"

namespace npuscribe::app {

struct BenchSettings {
    std::string benchmark;
    std::string audio;  // empty: not given

    std::string model = "base";
    std::string device = "auto";
    Precision precision = Precision::bfp16;
    size_t threads = 0;  // 0: one for each CPU
    size_t frames = 0;   // 0: the benchmark's own
    size_t runs = 0;     // 0: the same
    size_t layer = 0;
    double seconds = 20;
    size_t megabytes = 256;
    std::string json;
    std::string plot;  // empty: not given
    bool check = false;
};

struct ProjectSettings {
    bench::ProjectOptions options;
    size_t threads = 0;
    bool notes = false;
    std::string json;
};

/// The benchmarks' names.
std::vector<std::string> bench_names();

/// Declares the options of a command, bound to settings that must outlive it.
void add_bench_options(CLI::App& command, BenchSettings& settings);
void add_project_options(CLI::App& command, ProjectSettings& settings);

}  // namespace npuscribe::app
