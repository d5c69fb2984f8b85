#pragma once
// Results as drawings. What is drawn stands in the result, and so in its JSON: samples, and tables' columns.

#include <string>

#include "bench/result.h"

namespace npuscribe::bench {

/// Whether a benchmark of this name ("layer") has something to draw.
bool has_plot(std::string_view benchmark);

/// SVG: histograms of the samples, the curve of `bench batch`, the roofline of `bench roofline`. `result` is
/// of a benchmark that has a plot.
std::string svg(const Result& result);

}  // namespace npuscribe::bench
