#pragma once
// Repeated runs: the fastest, and each stage of many.

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/stopwatch.h"
#include "bench/context.h"
#include "bench/statistics.h"

namespace npuscribe::bench {

/// Seconds of the fastest of `runs` calls: what the machine can do when nothing else disturbs it.
template <class Call>
double fastest(size_t runs, const Call& call) {
    double best = std::numeric_limits<double>::infinity();
    for (size_t run = 0; run < runs; ++run) {
        const Stopwatch watch;
        call();
        best = std::min(best, watch.seconds());
    }
    return best;
}

/// The results of context.runs calls. `warm_ups` calls come before them, unless the device's times are
/// modelled: a model needs no warming up.
template <class Run>
auto measured_runs(const Context& context, size_t warm_ups, const Run& run) {
    std::vector<decltype(run())> runs;
    if (context.origin() == Origin::measured)
        for (size_t i = 0; i < warm_ups; ++i) run();
    for (size_t i = 0; i < context.runs; ++i) {
        runs.push_back(run());
        context.step("run", i, context.runs);
    }
    return runs;
}

/// One stage of all runs. `Seconds` has a member for each stage.
template <class Seconds>
std::vector<double> milliseconds(const std::vector<Seconds>& runs, double Seconds::*stage) {
    std::vector<double> out;
    out.reserve(runs.size());
    for (const Seconds& run : runs) out.push_back(run.*stage * 1e3);
    return out;
}

template <class Seconds>
struct Stage {
    const char* name;
    double Seconds::*seconds;
    bool on_device;  // else its time is measured even if the device's times are modelled
};

/// The median of each stage, and its share of `whole` milliseconds. Leaves out stages that never took any
/// time.
template <class Seconds, size_t kCount>
Table stages_table(const std::vector<Seconds>& runs, const Stage<Seconds> (&stages)[kCount], double whole,
                   Origin device) {
    Table table{"Stages, the median of each", {{"stage", ""}, {"time", "ms"}, {"share", "%"}}, {}};
    for (const Stage<Seconds>& stage : stages) {
        const std::vector<double> times = milliseconds(runs, stage.seconds);
        if (*std::max_element(times.begin(), times.end()) == 0) continue;
        const double middle = median(times);
        table.rows.push_back({{std::string(stage.name), middle, middle / whole * 100},
                              stage.on_device ? device : Origin::measured});
    }
    return table;
}

}  // namespace npuscribe::bench
