#pragma once
// `npuscribe project`: how long the encoder's layers take in every size of Whisper, as the study
// (bench/study/study_figures.h) states, as the model of the NPU's array computes and as this CPU measures.

#include <cstddef>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "bench/progress.h"
#include "bench/result.h"

namespace npuscribe::bench {

struct ProjectOptions {
    std::vector<std::string> models = {"base", "small", "medium", "large"};  // of the catalog
    std::vector<size_t> frames = {512, 1500, 3000};
    bool measure = true;  // time layers on this CPU
    double battery_watt_hours = 0;
};

/// Throws UsageError for a model that is not in the catalog.
Result project(const ProjectOptions& options, ThreadPool& pool, const Progress& progress);

}  // namespace npuscribe::bench
