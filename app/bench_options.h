#pragma once
// What `bench` and `project` can be told, in tables.

#include <string>
#include <vector>

#include "bench/project.h"
#include "option.h"

namespace npuscribe::app {

struct BenchSettings {
    std::string model = "base";
    std::string device = "auto";
    std::string precision = "bfp16";
    size_t threads = 0;  // 0: one for each CPU
    size_t frames = 0;   // 0: the benchmark's own
    size_t runs = 0;     // 0: the same
    size_t layer = 0;
    double seconds = 20;
    size_t megabytes = 256;
    std::string json;
    std::string plot;  // empty: not given; "-": standard output, in place of the text
    bool check = false;
};

struct ProjectSettings {
    std::string models = "all";
    std::string frames = "512,1500,3000";
    size_t threads = 0;
    bool measure = true;
    bool notes = false;
    double battery = 0;  // Wh
    std::string json;

    ProjectSettings();
};

/// The tables, bound to settings that must outlive them.
std::vector<Option> bench_options(BenchSettings& settings);
std::vector<Option> project_options(ProjectSettings& settings);

/// Throws UsageError where a list holds something else than what it may.
bench::ProjectOptions to_project(const ProjectSettings& settings);

}  // namespace npuscribe::app
