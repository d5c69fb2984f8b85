#pragma once
// What happened when: a row for each thing, with bars of its stages.

#include <string>
#include <vector>

#include "plot/canvas.h"

namespace npuscribe::plot {

struct Stretch {
    size_t stage = 0;
    double begin = 0, end = 0;  // seconds
};
struct Lane {
    std::string name;
    std::vector<Stretch> stretches;
    std::string tip;
};

/// `stages` name the colours, and `seconds` is the whole width.
Canvas timeline(const std::string& title, double seconds, const std::vector<std::string>& stages,
                const std::vector<Lane>& lanes);

/// A line that falls and rises, such as memory in use: values by seconds, in the same width as a timeline.
Canvas course(const std::string& title, double seconds, const std::string& label,
              const std::vector<Point>& points);

}  // namespace npuscribe::plot
