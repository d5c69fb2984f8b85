#pragma once
// The result of a benchmark or a projection, as plain data. bench/render.h turns it into text and JSON.

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace npuscribe::bench {

/// Where a number comes from. It is shown beside every number.
enum class Origin {
    measured,  // on this machine, now
    modelled,  // from the timing model of an NPU array; not run on hardware
    stated,    // from the study (bench/study/study_figures.h)
    computed,  // arithmetic on sizes: FLOPs, bytes
};
std::string_view name(Origin);

struct Quantity {
    std::string name;
    std::optional<double> value;  // none: not measured
    std::string unit;
    Origin origin = Origin::measured;
};

enum class Relation { below, at_least };
enum class Outcome { pass, fail, not_measured };
std::string_view name(Outcome);

/// A limit and the value found. A criterion without a value does not pass. One that is missed on a device
/// that it is not meant for does not pass either, but text says "not met here" in place of FAIL.
struct Criterion {
    std::string name;
    Relation relation = Relation::below;
    double limit = 0;
    std::optional<double> got;
    std::string unit;
    Origin origin = Origin::measured;
    std::string meant_for = {};  // the device that the limit is for, if it was measured on another kind

    /// `below` is strict, `at_least` is not. NaN fails.
    Outcome outcome() const;
};

using Cell = std::variant<std::monostate, double, std::string>;  // nothing: not known
struct Column {
    std::string name;
    std::string unit;
};
struct Row {
    std::vector<Cell> cells;  // one a column
    Origin origin = Origin::measured;
};
struct Table {
    std::string title;
    std::vector<Column> columns;
    std::vector<Row> rows;
};

/// The time of each run, in order.
struct Samples {
    std::string name;
    std::string unit;
    std::vector<double> values;
    Origin origin = Origin::measured;
};

struct Result {
    std::string name;                                        // "layer"
    std::vector<std::pair<std::string, std::string>> setup;  // device, model, input, …
    std::vector<Quantity> quantities;
    std::vector<Table> tables;
    std::vector<Samples> samples;
    std::vector<Criterion> criteria;
    std::vector<std::string> notes;  // a sentence or two each

    /// True if every criterion passes: none failed, and none was not measured.
    bool all_met() const;
};

}  // namespace npuscribe::bench
