#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "base/buffer.h"
#include "bench/benchmarks.h"
#include "bench/study/study_figures.h"
#include "bench/timing.h"
#include "bfp16/layout.h"
#include "device/array/array_plan.h"
#include "simd/rows/int8_convert.h"
#include "simd/rows/npu_prepare.h"

namespace npuscribe::bench {
namespace {

constexpr size_t kRows = study::kFrames, kCols = study::kState;
constexpr size_t kBlocks = kCols / bfp16::kBlockSize;
constexpr size_t kRowBytes = kBlocks * bfp16::kBlockBytes;
constexpr auto kRounding = bfp16::Rounding::nearest_even;

// A matrix in all the forms that it takes on its way.
struct Matrix {
    Matrix()
        : x(kRows * kCols),
          exponents(kRows * kBlocks),
          blocks(kRows * kRowBytes),
          int8(kRows * kCols),
          sums(kRows * kCols),
          units(kCols) {
        const auto& plan = array::Plan::built_in();
        const auto& program = plan.program_for(array::Kernel::bfp16, kCols);
        layout = {kRows, kCols, program.tile.m, program.tile.k, 0};
        tiles = Buffer<uint8_t>(layout.bytes());
        std::minstd_rand random(1);
        std::normal_distribution<float> normal;
        for (float& value : x) value = normal(random);
        for (int32_t& sum : sums) sum = static_cast<int32_t>(random() % 200'000) - 100'000;
        for (float& unit : units) unit = bfp16::mantissa_unit(120);
        simd::find_exponents(view(), exponents.data());
        simd::quantise_blocks(view(), exponents.data(), kRounding, blocks.data());
    }
    MatrixView<float> view() { return x.matrix(kRows, kCols); }

    Buffer<float> x;
    Buffer<uint8_t> exponents, blocks;
    Buffer<int8_t> int8;
    Buffer<int32_t> sums;
    Buffer<float> units;
    bfp16::TileLayout layout;
    Buffer<uint8_t> tiles;
};

void to_tiles(Matrix& m, size_t first, size_t last) {
    simd::RowPreparation how;
    how.rounding = kRounding;
    simd::prepare_for_npu(m.view().rows_from(first, last - first), how, m.layout, first,
                          {m.tiles.data(), m.tiles.size()});
}

void to_int8(Matrix& m, size_t first, size_t last) {
    for (size_t r = first; r < last; ++r) {
        const uint8_t* blocks = m.blocks.data() + r * kRowBytes;
        simd::blocks_to_int8(blocks, kBlocks, simd::largest_exponent(blocks, kBlocks),
                             m.int8.data() + r * kCols);
    }
}

void from_int32(Matrix& m, size_t first, size_t last) {
    for (size_t r = first; r < last; ++r) {
        simd::int32_to_blocks({m.sums.data() + r * kCols, kCols, bfp16::mantissa_unit(120), m.units.data()},
                              kRounding, m.blocks.data() + r * kRowBytes);
    }
}

// Milliseconds of the fastest of `runs`, after one that warms up.
template <class Call>
double fastest_milliseconds(size_t runs, const Call& call) {
    call();
    return fastest(runs, call) * 1e3;
}

// All rows, split among the pool's threads.
template <class Work>
double in_pieces(ThreadPool& pool, size_t runs, Matrix& matrix, const Work& work) {
    const size_t grain = (kRows / pool.size() + 7) / 8 * 8;  // rows of subtiles are eight
    return fastest_milliseconds(runs, [&] {
        pool.for_each(kRows, grain, [&](size_t first, size_t last, size_t) { work(matrix, first, last); });
    });
}

}  // namespace

Result prepare(size_t threads, size_t runs, const Progress& progress) {
    Matrix matrix;
    ThreadPool pool(std::min<size_t>(threads, 2));  // the target is for two threads at most
    const std::string together = fmt::format("{} {}", pool.size(), pool.size() == 1 ? "thread" : "threads");
    if (progress) progress("512 x 512");

    Result result;
    result.name = "bench prepare";
    result.setup = {{"matrix", "512 x 512, f32 to BFP16 in the array's tiles"},
                    {"runs", fmt::to_string(runs)}};
    Table table{"prepare_for_npu, the fastest run", {{"step", ""}, {"time", "ms"}, {"study", "ms"}}, {}};
    const auto add = [&](const std::string& name, double milliseconds, Cell stated) {
        table.rows.push_back({{name, milliseconds, std::move(stated)}, Origin::measured});
        return milliseconds;
    };
    const std::span<uint8_t> tiles(matrix.tiles.data(), matrix.tiles.size());
    add("find exponents, 1 thread",
        fastest_milliseconds(runs, [&] { simd::find_exponents(matrix.view(), matrix.exponents.data()); }),
        study::kFindExponents);
    add("quantise, 1 thread",
        fastest_milliseconds(runs,
                             [&] {
                                 simd::quantise_blocks(matrix.view(), matrix.exponents.data(), kRounding,
                                                       matrix.blocks.data());
                             }),
        study::kQuantise);
    add("shuffle, 1 thread",
        fastest_milliseconds(runs, [&] { simd::shuffle_blocks(matrix.blocks.data(), matrix.layout, tiles); }),
        study::kShuffle);
    const double one = add("all in one pass, 1 thread",
                           fastest_milliseconds(runs, [&] { to_tiles(matrix, 0, kRows); }), study::kPrepare);
    const double both = pool.size() == 1 ? one
                                         : add("all in one pass, " + together,
                                               in_pieces(pool, runs, matrix, to_tiles), study::kPrepare);
    add("back to f32, 1 thread",
        fastest_milliseconds(runs, [&] { simd::restore_from_npu(tiles, matrix.layout, 0, matrix.view()); }),
        {});
    result.tables.push_back(std::move(table));

    if (progress) progress("INT8 conversions");
    Table table_int8{"INT8 conversions of a layer: six of 512 x 512 each way, as in the study's Track 1",
                     {{"conversion", ""}, {"time", "ms"}, {"study", "ms"}},
                     {}};
    const double to = study::kMatmulsPerLayer * in_pieces(pool, runs, matrix, to_int8);
    const double from = study::kMatmulsPerLayer * in_pieces(pool, runs, matrix, from_int32);
    table_int8.rows = {
        {{"BFP16 to INT8, " + together, to, study::kTrack1Conversions / 2}, Origin::measured},
        {{"INT32 to BFP16, " + together, from, study::kTrack1Conversions / 2}, Origin::measured},
        {{"both, " + together, to + from, study::kTrack1Conversions}, Origin::measured}};
    result.tables.push_back(std::move(table_int8));

    result.criteria = {{"prepare_for_npu, times faster than the study's 0.8 ms", Relation::at_least, 8,
                        study::kPrepare / std::min(one, both), "x", Origin::measured}};
    return result;
}

}  // namespace npuscribe::bench
