#pragma once
// Charts of numbers, drawn from plain data. Titles and labels may hold any bytes.

#include <optional>
#include <string>
#include <vector>

#include "plot/canvas.h"

namespace npuscribe::plot {

/// A value worth a line of its own: "p95".
struct Mark {
    std::string name;
    double value = 0;
};

/// Equally wide bins from the least to the largest value; about as wide as Freedman and Diaconis (1981) have
/// it, 2·IQR/n^(1/3), and from 5 to 60 of them.
struct Bins {
    double low = 0, width = 1;
    std::vector<size_t> counts;
};
Bins bins(std::vector<double> values);

/// How often what was measured; `values` are not empty.
Canvas histogram(const std::string& title, const std::string& label, const std::vector<double>& values,
                 const std::vector<Mark>& marks);

struct Series {
    std::string name;
    std::vector<Point> points;  // values, x ascending
};
/// Lines with a dot at each point, both axes from zero.
Canvas curves(const std::string& title, const std::string& x, const std::string& y,
              const std::vector<Series>& series);

struct Roof {
    std::string name;
    double peak = 0;       // FLOP/s
    double bandwidth = 0;  // bytes/s
};
struct Work {
    std::string name;
    size_t roof = 0;       // under which of the roofs
    double intensity = 0;  // FLOP/byte
    double rate = 0;       // FLOP/s
};
/// The roofline of Williams, Waterman and Patterson (2009): what can be reached, min(peak, intensity ×
/// bandwidth), and what was.
Canvas roofline(const std::string& title, const std::vector<Roof>& roofs, const std::vector<Work>& work);

struct Bar {
    std::string name;
    double value = 0;
    std::string label;  // written behind it
};
/// Horizontal bars from zero, the first above.
Canvas bars(const std::string& title, const std::string& label, const std::vector<Bar>& bars);

}  // namespace npuscribe::plot
