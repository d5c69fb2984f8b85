#pragma once
// What happened when: a row for each item, with bars for its stages.

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

/// `stages` are the names of the colours, and `seconds` is what the chart spans. `width` is in pixels, at
/// least kNarrow.
Canvas timeline(const std::string& title, double seconds, const std::vector<std::string>& stages,
                const std::vector<Lane>& lanes, double width = 960);

/// A curve of values over seconds, such as memory in use. It is as wide as a timeline.
Canvas course(const std::string& title, double seconds, const std::string& label,
              const std::vector<Point>& points, double width = 960);

}  // namespace npuscribe::plot
