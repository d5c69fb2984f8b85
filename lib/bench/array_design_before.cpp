#include "bench/array_design_before.h"

#include <algorithm>
#include <array>

namespace npuscribe::bench {
namespace {

constexpr size_t kRows = 4, kColumns = 8, kMaxRows = 3072;

/// Of the program that base and its like had: the widest n, and the k that left room for two tiles of f32 C.
array::Tile tile_for(size_t state) {
    switch (state) {
        case 384:
            return {64, 64, 48};
        case 768:
            return {64, 32, 96};
        case 1280:
            return {64, 32, 80};
        default:
            return {64, 64, 64};
    }
}

double real(size_t value) {
    return static_cast<double>(value);
}

array::Work work(const array::Tile& tile, size_t rows, size_t k, size_t n, const array::Assumptions& assume) {
    const size_t m = (rows + tile.m * kRows - 1) / (tile.m * kRows) * tile.m * kRows;
    const size_t row_groups = m / (tile.m * kRows), column_groups = n / (tile.n * kColumns);
    const double a_tile = real(tile.m * tile.k) * 9 / 8, b_tile = real(tile.n * tile.k) * 9 / 8;
    array::Work w;
    w.groups = real(row_groups * column_groups);
    w.k_tiles = real(k / tile.k);
    w.a_tile_bytes = a_tile;
    w.b_tile_bytes = w.header_bytes = b_tile;
    w.multiply = array::multiply_cycles(array::Kernel::bfp16, tile, assume);
    w.sum_bytes = real(tile.m * tile.n) * 4;
    w.group_c_bytes = real(kRows * tile.m * tile.n) * 4;
    const double a = real(m / tile.m) * w.k_tiles * a_tile, b = real(n / tile.n) * (w.k_tiles + 1) * b_tile;
    w.bytes_read = real(column_groups) * a + real(row_groups) * b;
    w.bytes_written = real(m * n) * 4;
    w.products = w.groups * w.k_tiles * real(tile.m * tile.k * tile.n) / assume.bfp16_macs_per_cycle;
    return w;
}

}  // namespace

ArrayProjection project_array_before(const Shape& shape, const array::Assumptions& assumptions) {
    struct Linears {
        size_t n, k, count;  // `count` of them in one runlist
    };
    const size_t state = shape.state;
    const std::array<Linears, 4> linears = {
        {{state, state, 3}, {state, state, 1}, {4 * state, state, 1}, {state, 4 * state, 1}}};
    const array::Tile tile = tile_for(state);
    const auto layers = real(shape.layers);
    const size_t rows = shape.frames * shape.batch;
    ArrayProjection all;
    for (const Linears& linear : linears) {
        double dispatches = 1;
        for (size_t first = 0; first < rows; first += kMaxRows) {
            const auto w = work(tile, std::min(kMaxRows, rows - first), linear.k, linear.n, assumptions);
            for (size_t i = 0; i < linear.count; ++i) {
                const array::ModelledTime time = array::model(w, assumptions, dispatches);
                dispatches = 0;
                all.seconds += layers * time.total;
                all.dispatch += layers * time.dispatch;
                all.dram_bytes += layers * static_cast<double>(time.bytes_read + time.bytes_written);
            }
        }
    }
    return all;
}

}  // namespace npuscribe::bench
