#pragma once
// Results as drawings of their samples and tables.

#include <string>

#include "bench/result.h"

namespace npuscribe::bench {

/// True if the benchmark of this name ("layer") has something to draw.
bool has_plot(std::string_view benchmark);

/// Draws histograms of the samples, the curve of `bench batch`, or the roofline of `bench roofline`, as SVG.
/// `result` is that of a benchmark that has a plot.
std::string svg(const Result& result);

}  // namespace npuscribe::bench
