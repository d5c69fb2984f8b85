#pragma once
// Draws charts of numbers. Titles and labels may hold any bytes.

#include <optional>
#include <string>
#include <vector>

#include "plot/canvas.h"

namespace npuscribe::plot {

/// A value that is marked with a line: "p95".
struct Mark {
    std::string name;
    double value = 0;
};

/// 5 to 60 bins of equal width from the least to the largest value. They are about as wide as Freedman and
/// Diaconis (1981) propose: 2·IQR/n^(1/3).
struct Bins {
    double low = 0, width = 1;
    std::vector<size_t> counts;
};
Bins bins(std::vector<double> values);

/// How often each value was measured. `values` is not empty. `counted` says what has a value each. `width` is
/// in pixels, at least kNarrow.
Canvas histogram(const std::string& title, const std::string& label, const std::vector<double>& values,
                 const std::vector<Mark>& marks, const std::string& counted = "runs", double width = 720);

struct Series {
    std::string name;
    std::vector<Point> points;  // values, x ascending
};
/// Lines with a dot at each point. Both axes begin at zero.
Canvas curves(const std::string& title, const std::string& x, const std::string& y,
              const std::vector<Series>& series);

struct Roof {
    std::string name;
    double peak = 0;       // FLOP/s
    double bandwidth = 0;  // bytes/s
};
struct Work {
    std::string name;
    size_t roof = 0;       // index of its roof
    double intensity = 0;  // FLOP/byte
    double rate = 0;       // FLOP/s
};
/// The roofline of Williams, Waterman and Patterson (2009): the rates that can be reached, min(peak,
/// intensity × bandwidth), and those that were.
Canvas roofline(const std::string& title, const std::vector<Roof>& roofs, const std::vector<Work>& work);

struct Bar {
    std::string name;
    double value = 0;
    std::string label;  // written after the bar
};
/// Horizontal bars from zero, the first at the top. `width` is in pixels, at least kNarrow.
Canvas bars(const std::string& title, const std::string& label, const std::vector<Bar>& bars,
            double width = 720);

}  // namespace npuscribe::plot
