#pragma once
// How long an encoder's layers take in one of several ways, as the tables of `npuscribe project` show it.

#include <array>
#include <optional>
#include <string>

#include "bench/projection.h"
#include "bench/result.h"

namespace npuscribe::bench {

/// One way to encode one window with a model's layers.
struct Estimate {
    std::string name;
    Origin origin = Origin::stated;
    double seconds = 0;
    std::optional<Traffic> traffic{};
    std::optional<double> dram_bytes{};
    std::optional<double> buffers{};  // bytes
    std::optional<double> joules{};
};

inline constexpr std::array<size_t, 4> kBatches = {1, 2, 4, 8};  // windows

/// The same of batches: `seconds` for each of kBatches.
struct BatchEstimate {
    std::string name;
    Origin origin = Origin::stated;
    std::array<double, kBatches.size()> seconds{};
};

/// Energy that is not the encoder's own.
struct Battery {
    double watt_hours = 0;
    double rest_watts = 0;  // drawn by the rest of the machine
};

Table estimates_table(std::string title);
/// A row of that table. `shape` has one window.
Row row(const Estimate& estimate, const Shape& shape, const Battery& battery);

Table batches_table(std::string title);
/// A row of that table. `shape` has one window.
Row row(const BatchEstimate& estimate, const Shape& shape);

}  // namespace npuscribe::bench
