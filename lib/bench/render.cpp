#include "bench/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

namespace npuscribe::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kWidth = 110;

// Columns on a terminal: one for each UTF-8 sequence.
size_t columns(const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, bool right) {
    const std::string gap(width - std::min(width, columns(text)), ' ');
    return right ? gap + text : text + gap;
}

std::string value_text(const std::optional<double>& value, const std::string& unit) {
    if (!value) return "not measured";
    return number_text(*value) + (unit.empty() ? "" : " " + unit);
}

std::string cell_text(const Cell& cell) {
    if (const auto* number = std::get_if<double>(&cell)) return number_text(*number);
    if (const auto* words = std::get_if<std::string>(&cell)) return *words;
    return "–";
}

// A text table. The first column and columns of words are left-aligned, columns of numbers right-aligned.
class Grid {
  public:
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    void align_right(size_t column) { right_.insert(right_.end(), column); }

    std::string text() const {
        std::vector<size_t> widths;
        for (const auto& row : rows_) {
            widths.resize(std::max(widths.size(), row.size()));
            for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
        }
        std::string out;
        for (const auto& row : rows_) {
            std::string line = " ";
            for (size_t i = 0; i < row.size(); ++i) {
                const bool right = std::find(right_.begin(), right_.end(), i) != right_.end();
                line += fmt::format(" {} ", padded(row[i], widths[i], right));
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out += line + "\n";
        }
        return out;
    }

  private:
    std::vector<std::vector<std::string>> rows_;
    std::vector<size_t> right_;
};

std::string quantities_text(const std::vector<Quantity>& quantities) {
    Grid grid;
    grid.align_right(1);
    for (const Quantity& q : quantities) {
        const std::string origin = q.value ? std::string(name(q.origin)) : "";
        grid.add({q.name, q.value ? number_text(*q.value) : "not measured", q.value ? q.unit : "", origin});
    }
    return grid.text();
}

std::string table_text(const Table& table) {
    Grid grid;
    std::vector<std::string> head, units;
    for (size_t i = 0; i < table.columns.size(); ++i) {
        head.push_back(table.columns[i].name);
        units.push_back(table.columns[i].unit);
        const auto is_number = [i](const Row& row) {
            return std::holds_alternative<double>(row.cells.at(i));
        };
        if (i > 0 && std::any_of(table.rows.begin(), table.rows.end(), is_number)) grid.align_right(i);
    }
    grid.add(std::move(head));
    if (std::any_of(units.begin(), units.end(), [](const std::string& u) { return !u.empty(); }))
        grid.add(std::move(units));
    for (const Row& row : table.rows) {
        std::vector<std::string> cells;
        for (const Cell& cell : row.cells) cells.push_back(cell_text(cell));
        cells.emplace_back(name(row.origin));
        grid.add(std::move(cells));
    }
    return table.title + "\n" + grid.text();
}

std::string criteria_text(const std::vector<Criterion>& criteria) {
    Grid grid;
    std::string meant_for;
    grid.add({"CRITERION", "WANTED", "GOT", "RESULT", ""});
    grid.align_right(1);
    grid.align_right(2);
    for (const Criterion& c : criteria) {
        const std::string sign = c.relation == Relation::below ? "< " : ">= ";
        const std::string origin = c.got ? std::string(name(c.origin)) : "";
        const bool elsewhere = c.outcome() == Outcome::fail && !c.meant_for.empty();
        if (elsewhere) meant_for = c.meant_for;
        grid.add({c.name, sign + value_text(c.limit, c.unit), c.got ? value_text(c.got, c.unit) : "–",
                  elsewhere ? "not met here" : std::string(name(c.outcome())), origin});
    }
    if (meant_for.empty()) return grid.text();
    return grid.text() +
           fmt::format("  - {}\n", wrapped(fmt::format("Limits that are not met here are the study's for {}; "
                                                       "on a machine with one, --device npu measures it.",
                                                       meant_for),
                                           kWidth - 4, 4));
}

Json number_json(const std::optional<double>& value) {
    return value && std::isfinite(*value) ? Json(*value) : Json();
}

Json cell_json(const Cell& cell) {
    if (const auto* number = std::get_if<double>(&cell)) return number_json(*number);
    if (const auto* words = std::get_if<std::string>(&cell)) return *words;
    return {};
}

Json table_json(const Table& table) {
    Json head = Json::array();
    for (const Column& column : table.columns) head.push_back({{"name", column.name}, {"unit", column.unit}});
    Json rows = Json::array();
    for (const Row& row : table.rows) {
        Json cells = Json::array();
        for (const Cell& cell : row.cells) cells.push_back(cell_json(cell));
        rows.push_back({{"origin", name(row.origin)}, {"cells", std::move(cells)}});
    }
    return {{"title", table.title}, {"columns", std::move(head)}, {"rows", std::move(rows)}};
}

Json criterion_json(const Criterion& c) {
    return {{"name", c.name},
            {"relation", c.relation == Relation::below ? "<" : ">="},
            {"limit", c.limit},
            {"got", number_json(c.got)},
            {"unit", c.unit},
            {"origin", name(c.origin)},
            {"outcome", c.outcome() == Outcome::fail ? "fail" : name(c.outcome())}};
}

}  // namespace

std::string number_text(double value) {
    if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    constexpr double kNoise = 1e-9;  // rounding errors: 72.000000000001 is 72
    const double size = std::fabs(value);
    if (std::fabs(value - std::round(value)) <= kNoise * size) return fmt::format("{:.0f}", value);
    if (size < 1 && size > 0.99) {
        // Near 1, the digits of 1 - value matter: 0.99988 must not become 1.
        const int decimals = 2 + static_cast<int>(std::ceil(-std::log10(1 - size)));
        std::string out = fmt::format("{:.{}f}", value, decimals);
        return out.substr(0, out.find_last_not_of('0') + 1);
    }
    const int digits = size >= 1000 ? 0 : 3 - static_cast<int>(std::floor(std::log10(size * (1 + kNoise))));
    return fmt::format("{:.{}f}", value, std::min(digits, 9));
}

std::string wrapped(const std::string& text, size_t width, size_t indent) {
    std::istringstream in(text);
    std::string out;
    size_t column = 0;
    for (auto word = std::istream_iterator<std::string>(in); word != std::istream_iterator<std::string>();
         ++word) {
        if (column > 0 && column + 1 + columns(*word) > width) {
            out += '\n';
            out.append(indent, ' ');
            column = indent;
        } else if (column > 0) {
            out += ' ';
            ++column;
        }
        out += *word;
        column += columns(*word);
    }
    return out;
}

std::string text(const Result& result) {
    std::string out = result.name + "\n";
    Grid setup;
    for (const auto& [what, value] : result.setup) setup.add({what, value});
    out += setup.text();
    if (!result.quantities.empty()) out += fmt::format("\n{}", quantities_text(result.quantities));
    for (const Table& table : result.tables) out += fmt::format("\n{}", table_text(table));
    if (!result.criteria.empty()) out += fmt::format("\n{}", criteria_text(result.criteria));
    if (!result.notes.empty()) out += "\n";
    for (const std::string& note : result.notes) out += fmt::format("  - {}\n", wrapped(note, kWidth - 4, 4));
    return out;
}

std::string json(const Result& result, const std::string& version) {
    Json setup = Json::object();
    for (const auto& [what, value] : result.setup) setup[what] = value;
    Json quantities = Json::array();
    for (const Quantity& q : result.quantities) {
        quantities.push_back({{"name", q.name},
                              {"value", number_json(q.value)},
                              {"unit", q.unit},
                              {"origin", name(q.origin)}});
    }
    Json tables = Json::array();
    for (const Table& table : result.tables) tables.push_back(table_json(table));
    Json samples = Json::array();
    for (const Samples& s : result.samples) {
        samples.push_back(
            {{"name", s.name}, {"unit", s.unit}, {"origin", name(s.origin)}, {"values", s.values}});
    }
    Json criteria = Json::array();
    for (const Criterion& criterion : result.criteria) criteria.push_back(criterion_json(criterion));
    const Json out = {{"schema", "npuscribe.bench"},
                      {"schema_version", kSchemaVersion},
                      {"version", version},
                      {"name", result.name},
                      {"setup", std::move(setup)},
                      {"quantities", std::move(quantities)},
                      {"tables", std::move(tables)},
                      {"samples", std::move(samples)},
                      {"criteria", std::move(criteria)},
                      {"notes", result.notes},
                      {"all_met", result.all_met()}};
    // File names may hold any bytes.
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace npuscribe::bench
