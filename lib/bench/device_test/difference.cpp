#include "bench/device_test/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace npuscribe::device_test {
namespace {

/// So many wrong values are looked at one by one.
constexpr size_t kSample = 64;

void note(Difference& difference, size_t row, size_t col) {
    if (difference.count++ == 0) {
        difference.first_row = row;
        difference.first_col = difference.low_col = difference.high_col = col;
    }
    difference.last_row = row;
    difference.low_col = std::min(difference.low_col, col);
    difference.high_col = std::max(difference.high_col, col);
}

bool wrong(const Matrix& expected, const Matrix& got, const Matrix& allowed, size_t i) {
    if (allowed.values.empty()) return !(got.values[i] == expected.values[i]);
    return !(std::fabs(got.values[i] - expected.values[i]) <= allowed.values[i]);
}

struct Place {
    size_t row = 0, col = 0;
};

/// Up to kSample wrong values, spread over all of them.
std::vector<Place> sample(const Product& product, const Matrix& got, size_t count) {
    std::vector<Place> places;
    const size_t step = std::max<size_t>(1, count / kSample);
    size_t seen = 0;
    for (size_t i = 0; i < got.values.size() && places.size() < kSample; ++i) {
        if (wrong(product.expected, got, product.allowed, i) && seen++ % step == 0)
            places.push_back({i / got.cols, i % got.cols});
    }
    return places;
}

/// Sums of one value over the first t tiles of K, and over the magnitudes of all.
struct PartialSums {
    std::vector<double> after_tiles;  // index t
    double magnitudes = 0;
};

PartialSums sums_of(const Product& product, Place at, size_t tile_k) {
    PartialSums sums;
    double sum = product.bias[at.col];
    sums.magnitudes = std::fabs(sum);
    sums.after_tiles.push_back(sum);
    for (size_t i = 0; i < product.k(); ++i) {
        const double term = static_cast<double>(product.x(at.row, i)) * product.w(at.col, i);
        sum += term;
        sums.magnitudes += std::fabs(term);
        if ((i + 1) % tile_k == 0 || i + 1 == product.k()) sums.after_tiles.push_back(sum);
    }
    return sums;
}

/// Up to the rounding of f32 sums, and of what leaves the device.
bool near(const Product& product, double a, double b, double magnitudes) {
    return std::fabs(a - b) <= (product.sums == Sums::bf16 ? 0x1p-8 : 0x1p-20) * magnitudes;
}

/// The number of tiles after which all sampled values stopped; nothing if there is no such number.
std::optional<size_t> stopped_after(const Product& product, const Matrix& got,
                                    const std::vector<Place>& places, size_t tile_k) {
    std::set<size_t> candidates;
    for (bool first = true; const Place& at : places) {
        const PartialSums sums = sums_of(product, at, tile_k);
        std::set<size_t> these;
        for (size_t t = 0; t + 1 < sums.after_tiles.size(); ++t) {
            if (near(product, got(at.row, at.col), sums.after_tiles[t], sums.magnitudes)) these.insert(t);
        }
        if (first) {
            candidates = these;
        } else {
            std::erase_if(candidates, [&](size_t t) { return !these.contains(t); });
        }
        first = false;
        if (candidates.empty()) return {};
    }
    return *candidates.begin();
}

/// Whether the tile of C that holds `at` has the right values in other places.
bool permuted(const Product& product, const Matrix& got, Place at, const array::Tile& tile) {
    const size_t top = at.row / tile.m * tile.m, left = at.col / tile.n * tile.n;
    std::vector<float> right, found;
    for (size_t r = top; r < std::min(top + tile.m, got.rows); ++r) {
        for (size_t c = left; c < std::min(left + tile.n, got.cols); ++c) {
            right.push_back(product.expected(r, c));
            found.push_back(got(r, c));
        }
    }
    std::sort(right.begin(), right.end());
    std::sort(found.begin(), found.end());
    return right == found;
}

}  // namespace

Difference compare(const Matrix& expected, const Matrix& got, const Matrix& allowed) {
    Difference difference;
    for (size_t i = 0; i < expected.values.size(); ++i) {
        if (!wrong(expected, got, allowed, i)) continue;
        note(difference, i / expected.cols, i % expected.cols);
        const double size = std::fabs(static_cast<double>(got.values[i]) - expected.values[i]);
        if (std::isfinite(size)) difference.largest = std::max(difference.largest, size);
    }
    return difference;
}

Difference compare_rows(const Matrix& expected, const Matrix& got, const std::vector<double>& limits) {
    Difference difference;
    for (size_t r = 0; r < expected.rows; ++r) {
        double squares = 0, largest = 0;
        for (size_t c = 0; c < expected.cols; ++c) {
            const double one = static_cast<double>(got(r, c)) - expected(r, c);
            squares += one * one;
            largest = std::max(largest, std::fabs(one));
        }
        if (std::sqrt(squares) <= limits[r]) continue;
        for (size_t c = 0; c < expected.cols; ++c) note(difference, r, c);
        difference.largest = std::max(difference.largest, largest);
    }
    return difference;
}

Finding find_pattern(const Product& product, const Matrix& got, const std::optional<Matrix>& previous,
                     const array::Tile& tile) {
    const Difference difference = compare(product.expected, got, product.allowed);
    if (std::any_of(got.values.begin(), got.values.end(), [](float v) { return !std::isfinite(v); }))
        return {Pattern::not_finite, 0};
    const std::vector<Place> places = sample(product, got, difference.count);
    const auto all = [&](const auto& holds) { return std::all_of(places.begin(), places.end(), holds); };
    if (all([&](Place at) { return got(at.row, at.col) == 0; })) return {Pattern::zeros, 0};
    if (previous && previous->rows == got.rows && previous->cols == got.cols &&
        all([&](Place at) { return got(at.row, at.col) == (*previous)(at.row, at.col); }))
        return {Pattern::previous, 0};
    if (all([&](Place at) {
            const PartialSums sums = sums_of(product, at, tile.k);
            return near(product, got(at.row, at.col), sums.after_tiles.back() - product.bias[at.col],
                        sums.magnitudes);
        }))
        return {Pattern::no_bias, 0};
    if (const auto tiles = stopped_after(product, got, places, tile.k)) return {Pattern::partial_sum, *tiles};
    if (!places.empty() && permuted(product, got, places.front(), tile)) return {Pattern::permuted, 0};
    if (all([&](Place at) {
            const PartialSums sums = sums_of(product, at, tile.k);
            return std::fabs(got(at.row, at.col) - sums.after_tiles.back()) <= 0x1p-6 * sums.magnitudes;
        }))
        return {Pattern::inexact, 0};
    return {};
}

std::string describe(const Difference& difference, const Matrix& expected, const Matrix& got) {
    const size_t row = difference.first_row, col = difference.first_col;
    return fmt::format(
        "{} of {} values are wrong, in rows {} to {} and columns {} to {}; the first is row {}, column {}: "
        "expected {:.9g}, got {:.9g}",
        difference.count, expected.values.size(), row, difference.last_row, difference.low_col,
        difference.high_col, row, col, expected(row, col), got(row, col));
}

std::vector<std::vector<size_t>> wrong_by_tile(const Product& product, const Matrix& got,
                                               const array::Tile& tile) {
    const size_t tall = (got.rows + tile.m - 1) / tile.m, wide = (got.cols + tile.n - 1) / tile.n;
    std::vector<std::vector<size_t>> counts(tall, std::vector<size_t>(wide));
    for (size_t i = 0; i < got.values.size(); ++i) {
        if (wrong(product.expected, got, product.allowed, i))
            ++counts[i / got.cols / tile.m][i % got.cols / tile.n];
    }
    return counts;
}

std::string where_on_array(const std::vector<std::vector<size_t>>& wrong, size_t rows, size_t columns) {
    std::set<size_t> of_rows, of_columns;
    std::set<std::pair<size_t, size_t>> cores;
    for (size_t r = 0; r < wrong.size(); ++r) {
        for (size_t c = 0; c < wrong[r].size(); ++c) {
            if (wrong[r][c] == 0) continue;
            of_rows.insert(r % rows);
            of_columns.insert(c % columns);
            cores.emplace(r % rows, c % columns);
        }
    }
    if (cores.empty()) return "no core";
    if (cores.size() == 1)
        return fmt::format("the core in row {} of column {}", cores.begin()->first, cores.begin()->second);
    if (cores.size() == rows * columns) return "all cores";
    if (of_columns.size() == 1) return fmt::format("cores of column {}", *of_columns.begin());
    if (of_rows.size() == 1) return fmt::format("cores of row {}", *of_rows.begin());
    return fmt::format("{} of {} cores, in several rows and columns", cores.size(), rows * columns);
}

}  // namespace npuscribe::device_test
