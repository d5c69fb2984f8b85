// Single products, and a runlist.

#include <fmt/format.h>

#include <utility>

#include "bench/device_test/steps.h"

namespace npuscribe::device_test {
namespace {

/// A product whose weights and operand are on the device.
struct Loaded {
    std::shared_ptr<Product> product;
    std::unique_ptr<Linear> linear;
    std::unique_ptr<Operand> operand;
};

Loaded load(Bench& bench, Product made) {
    Loaded loaded;
    loaded.product = std::make_shared<Product>(std::move(made));
    const Product& product = *loaded.product;
    note_start(bench, loaded.product);
    loaded.linear = bench.device.load({product.w.view(), product.bias, product.describe(), product.sums});
    loaded.operand = bench.device.make_operand(product.m(), product.k());
    bench.device.prepare(product.x.view(), nullptr, *loaded.operand);
    return loaded;
}

Loaded load(Bench& bench, size_t rows, Shape shape, uint64_t seed) {
    return load(bench, make_product(Data::exact, rows, shape.k, shape.n, seed, bench.cpu));
}

std::optional<Failure> run(Bench& bench, Step step, const Loaded& loaded) {
    note_start(bench, loaded.product);
    Matrix y(loaded.product->m(), loaded.product->n());
    loaded.linear->submit(*loaded.operand, y.view(), Epilogue::none).wait();
    return check(bench, step, std::move(y));
}

Shape square(const Bench& bench) {
    return {bench.state(), bench.state()};
}

/// `count` runs at once: as in a layer, several weights on one operand.
std::optional<Failure> runlist_of(Bench& bench, size_t count, size_t rows) {
    const size_t state = bench.state();
    std::vector<Loaded> all;
    all.push_back(load(bench, rows, square(bench), 10));
    for (const Shape shape : {square(bench), Shape{state, 4 * state}}) {
        Product product = make_product(Data::exact, rows, shape.k, shape.n, 10 + all.size(), bench.cpu);
        give_operand(product, all.front().product->x, bench.cpu);
        all.push_back(load(bench, std::move(product)));
    }
    std::vector<Matrix> results;
    std::vector<Run> runs;
    results.reserve(count);
    note_start(bench, all.front().product);
    for (size_t i = 0; i < count; ++i) {
        const Loaded& loaded = all[i % all.size()];
        results.emplace_back(loaded.product->m(), loaded.product->n());
        runs.push_back(loaded.linear->submit(*all.front().operand, results.back().view(), Epilogue::none));
    }
    for (Run& run : runs) run.wait();
    for (size_t i = 0; i < count; ++i) {
        note_start(bench, all[i % all.size()].product);
        if (auto failure = check(bench, Step::runlist, std::move(results[i]))) {
            failure->what = fmt::format("run {} of {}, {}", i + 1, count, failure->what);
            return failure;
        }
    }
    return {};
}

}  // namespace

void note_start(Bench& bench, std::shared_ptr<const Product> product) {
    const size_t tile_k = bench.tile_of(*product).k;
    bench.current_k_tiles = (product->k() + tile_k - 1) / tile_k;
    bench.current = std::move(product);
}

std::optional<Failure> check(Bench& bench, Step step, Matrix got) {
    const Product& product = *bench.current;
    const Difference difference = compare(product.expected, got, product.allowed);
    if (difference.none()) {
        bench.previous = std::move(got);
        bench.previous_k_tiles = bench.current_k_tiles;
        return {};
    }
    const array::Tile& tile = bench.tile_of(product);
    Failure failure;
    failure.step = step;
    failure.symptom = Symptom::wrong;
    failure.finding = find_pattern(product, got, bench.previous, tile);
    failure.what = fmt::format("{}: {}", product.describe(), describe(difference, product.expected, got));
    failure.evidence.wrong_by_tile = wrong_by_tile(product, got, tile);
    failure.evidence.difference = difference;
    failure.evidence.expected = product.expected;
    failure.evidence.got = std::move(got);
    return failure;
}

std::optional<Failure> one_shape_once(Bench& bench) {
    return run(bench, Step::once, load(bench, bench.few_rows(), square(bench), 1));
}

std::optional<Failure> same_shape_again(Bench& bench) {
    // The same call twice, then other operands, with which an old result would be noticed.
    const Loaded first = load(bench, bench.few_rows(), square(bench), 2);
    const Loaded second = load(bench, bench.few_rows(), square(bench), 3);
    for (const Loaded* loaded : {&first, &first, &second, &first}) {
        if (auto failure = run(bench, Step::again, *loaded)) return failure;
    }
    return {};
}

std::optional<Failure> two_shapes_in_turn(Bench& bench) {
    const size_t state = bench.state();
    const Loaded narrow = load(bench, bench.few_rows(), square(bench), 4);
    const Loaded deep = load(bench, bench.few_rows(), {4 * state, state}, 5);  // more tiles of K
    const Loaded wide = load(bench, bench.few_rows(), {state, 4 * state}, 6);  // more groups
    const Loaded tall = load(bench, bench.many_rows(), square(bench), 7);      // the same, by rows
    for (const Loaded* other : {&deep, &wide, &tall}) {
        for (const Loaded* loaded : {&narrow, other}) {
            if (auto failure = run(bench, Step::in_turn, *loaded)) return failure;
        }
    }
    return run(bench, Step::in_turn, narrow);
}

std::optional<Failure> every_shape(Bench& bench) {
    uint64_t seed = 100;
    for (size_t i = 0; i < bench.shapes.size(); ++i) {
        const auto [k, n] = bench.shapes[i];
        for (const auto& [data, rows] : {std::pair{Data::exact, bench.few_rows()},
                                         {Data::exact, bench.many_rows()},
                                         {Data::natural, bench.few_rows()}}) {
            bench.progress(fmt::format("weights {} x {}, {} of {}", k, n, i + 1, bench.shapes.size()));
            Product product = make_product(data, rows, k, n, seed++, bench.cpu);
            const Loaded loaded = load(bench, product);
            if (auto failure = run(bench, Step::every_shape, loaded)) return failure;
            if (data != Data::exact || !bench.bf16_shapes.contains(bench.shapes[i])) continue;
            const Loaded rounded = load(bench, rounded_to_bf16(std::move(product)));
            if (auto failure = run(bench, Step::every_shape, rounded)) return failure;
        }
    }
    return {};
}

std::optional<Failure> one_runlist(Bench& bench) {
    if (auto failure = runlist_of(bench, 3, bench.many_rows())) return failure;
    return runlist_of(bench, 30, bench.few_rows());  // a runlist holds up to 24
}

}  // namespace npuscribe::device_test
