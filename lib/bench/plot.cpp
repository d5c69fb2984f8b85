#include "bench/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "bench/statistics.h"
#include "plot/charts.h"

namespace npuscribe::bench {
namespace {

constexpr std::array<std::string_view, 4> kPlotted = {"layer", "encoder", "batch", "roofline"};

std::string value_of(const Result& result, std::string_view what) {
    for (const auto& [name, value] : result.setup) {
        if (name == what) return value;
    }
    return {};
}

plot::Canvas histogram(const Result& result, const Samples& samples) {
    std::vector<double> sorted = samples.values;
    std::sort(sorted.begin(), sorted.end());
    const auto first = [&](std::string_view what) {  // "base" of "base (CTranslate2, 6 layers of 512)"
        const std::string value = value_of(result, what);
        return value.substr(0, value.find(" ("));
    };
    const std::string title = fmt::format("{} of {} on {}: {} runs, {}", samples.name, first("model"),
                                          first("device"), sorted.size(), name(samples.origin));
    return plot::histogram(
        title, samples.unit, samples.values,
        {{"p50", percentile(sorted, 50)}, {"p95", percentile(sorted, 95)}, {"p99", percentile(sorted, 99)}});
}

size_t column(const Table& table, std::string_view name) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const Column& c) { return c.name == name; });
    return static_cast<size_t>(found - table.columns.begin());
}

double number(const Row& row, size_t column) {
    const auto* value = std::get_if<double>(&row.cells.at(column));
    return value == nullptr ? 0 : *value;
}

std::string words(const Row& row, size_t column) {
    const auto* value = std::get_if<std::string>(&row.cells.at(column));
    return value == nullptr ? "" : *value;
}

std::vector<plot::Canvas> batch_curves(const Table& table) {
    const size_t windows = column(table, "windows"), time = column(table, "time"),
                 each = column(table, "each");
    plot::Series whole{"all windows", {}}, one{"each window", {}};
    for (const Row& row : table.rows) {
        whole.points.push_back({number(row, windows), number(row, time)});
        one.points.push_back({number(row, windows), number(row, each)});
    }
    const std::string origin(table.rows.empty() ? "" : name(table.rows.front().origin));
    return {plot::curves("Time of a batch, median, " + origin, "windows", "ms", {whole}),
            plot::curves("Time of each window in it, median, " + origin, "windows", "ms", {one})};
}

std::optional<double> quantity(const Result& result, std::string_view name) {
    for (const Quantity& q : result.quantities) {
        if (q.name == name) return q.value;
    }
    return std::nullopt;
}

plot::Canvas roofline_chart(const Result& result, const Table& table) {
    constexpr double kGiga = 1e9;
    const size_t matmul = column(table, "matmul"), type = column(table, "type"), rate = column(table, "rate"),
                 intensity = column(table, "intensity");
    const double bandwidth = quantity(result, "memory read, all threads").value_or(0) * kGiga;
    std::vector<plot::Roof> roofs;
    std::vector<plot::Work> work;
    for (const Row& row : table.rows) {
        const std::string name = words(row, type);
        const auto known =
            std::find_if(roofs.begin(), roofs.end(), [&](const plot::Roof& r) { return r.name == name; });
        const auto roof = static_cast<size_t>(known - roofs.begin());
        if (known == roofs.end()) roofs.push_back({name, 0, bandwidth});
        const double flops = number(row, rate) * kGiga;
        roofs[roof].peak = std::max(roofs[roof].peak, flops);
        work.push_back({words(row, matmul), roof, number(row, intensity), flops});
    }
    return plot::roofline("Roofline of " + value_of(result, "cpu"), roofs, work);
}

}  // namespace

bool has_plot(std::string_view benchmark) {
    return std::find(kPlotted.begin(), kPlotted.end(), benchmark) != kPlotted.end();
}

std::string svg(const Result& result) {
    std::vector<plot::Canvas> canvases;
    for (const Samples& samples : result.samples) {
        if (!samples.values.empty()) canvases.push_back(histogram(result, samples));
    }
    if (result.name == "bench batch") canvases = batch_curves(result.tables.at(0));
    if (result.name == "bench roofline") canvases = {roofline_chart(result, result.tables.at(0))};
    return plot::document(canvases);
}

}  // namespace npuscribe::bench
