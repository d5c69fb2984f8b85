#pragma once
// `npuscribe project`: the study's tables, for every size of Whisper, as it states them, as the array's model
// gives them, and as this CPU measures.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "bench/result.h"

namespace npuscribe::bench {

struct ProjectOptions {
    std::vector<std::string> models = {"base", "small", "medium", "large"};  // of the catalog
    std::vector<size_t> frames = {512, 1500, 3000};
    bool measure = true;  // time layers on this CPU
    double battery_watt_hours = 0;
};

/// Throws UsageError for a model that the catalog does not know. `progress` may be empty.
Result project(const ProjectOptions& options, ThreadPool& pool,
               const std::function<void(const std::string&)>& progress);

}  // namespace npuscribe::bench
