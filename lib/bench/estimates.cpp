#include "bench/estimates.h"

#include <fmt/format.h>

#include <utility>

namespace npuscribe::bench {
namespace {

Cell cell(const std::optional<double>& value, double unit = 1) {
    return value ? Cell(*value / unit) : Cell();
}

}  // namespace

Table estimates_table(std::string title) {
    return {std::move(title),
            {{"layers of one window", ""},
             {"frames", ""},
             {"time", "ms"},
             {"realtime", "x"},
             {"moved", "MB"},
             {"with weights", "MB"},
             {"DRAM", "MB"},
             {"buffers", "MB"},
             {"energy", "J"},
             {"battery", "h"}},
            {}};
}

Row row(const Estimate& e, const Shape& shape, const Battery& battery) {
    constexpr double kMega = 1e6;
    const double audio = shape.audio_seconds();
    std::optional<double> moved, with_weights, hours;
    if (e.traffic) moved = e.traffic->resident();
    if (e.traffic && e.traffic->weights > 0) with_weights = e.traffic->not_resident();
    if (e.joules)
        hours = battery_hours(*e.joules + battery.rest_watts * e.seconds, audio, battery.watt_hours);
    return {{e.name, static_cast<double>(shape.frames), e.seconds * 1e3, audio / e.seconds,
             cell(moved, kMega), cell(with_weights, kMega), cell(e.dram_bytes, kMega), cell(e.buffers, kMega),
             cell(e.joules), cell(hours)},
            e.origin};
}

Table batches_table(std::string title) {
    Table table{std::move(title), {{"layers of a batch", ""}, {"frames", ""}}, {}};
    for (const size_t batch : kBatches)
        table.columns.push_back({fmt::format("{} {}", batch, batch == 1 ? "window" : "windows"), "ms"});
    table.columns.push_back({"encodes of 8", "/s"});
    table.columns.push_back({"audio of 8", "s/s"});
    return table;
}

Row row(const BatchEstimate& e, const Shape& shape) {
    const double encodes = static_cast<double>(kBatches.back()) / e.seconds.back();
    std::vector<Cell> cells = {e.name, static_cast<double>(shape.frames)};
    for (const double seconds : e.seconds) cells.emplace_back(seconds * 1e3);
    cells.emplace_back(encodes);
    cells.emplace_back(encodes * shape.audio_seconds());
    return {std::move(cells), e.origin};
}

}  // namespace npuscribe::bench
