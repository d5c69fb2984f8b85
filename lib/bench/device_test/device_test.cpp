#include "bench/device_test/device_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/stopwatch.h"
#include "bench/generated_encoder.h"
#include "device/choose.h"
#include "device/cpu/cpu_device.h"
#include "device/npu/npu_array.h"
#include "device/npu/npu_device.h"
#include "device/npu/npu_programs.h"
#include "device/npu/npu_queue.h"
#include "model/catalog.h"
#include "model/model.h"

namespace npuscribe::device_test {
namespace {

/// The weights of a layer: query, key, value and out; all three of the first; FC1; FC2.
std::array<Shape, 4> shapes_of(size_t state) {
    return {{{state, state}, {state, 3 * state}, {state, 4 * state}, {4 * state, state}}};
}

/// Of all models that kernels/plan.json knows, smallest first.
std::vector<Shape> planned_shapes(const array::Plan& plan) {
    std::vector<size_t> states;
    for (const array::Program& program : plan.programs) {
        if (program.kernel == array::Kernel::bfp16)
            states.insert(states.end(), program.states.begin(), program.states.end());
    }
    std::sort(states.begin(), states.end());
    std::vector<Shape> all;
    for (const size_t state : states) {
        for (const Shape& shape : shapes_of(state)) all.push_back(shape);
    }
    return all;
}

/// Those that `device` has programs for.
std::vector<Shape> installed_shapes(const Device& device, const array::Plan& plan) {
    std::vector<Shape> shapes = planned_shapes(plan);
    if (device.info().name != "npu") return shapes;
    const NpuPrograms programs(xclbin_directory());
    std::erase_if(shapes, [&](const Shape& s) { return !has_program(programs, plan, s.k, s.n); });
    return shapes;
}

/// Those of `shapes` whose sums `device` can round to bfloat16.
std::set<Shape> bf16_shapes(const Device& device, const array::Plan& plan, const std::vector<Shape>& shapes) {
    if (device.info().name == "cpu") return {};  // it never rounds them
    std::set<Shape> rounded(shapes.begin(), shapes.end());
    if (device.info().name != "npu") return rounded;
    const NpuPrograms programs(xclbin_directory());
    std::erase_if(rounded, [&](const Shape& s) {
        const array::Program& planned = plan.program_for(array::Kernel::bfp16, s.k);
        const NpuProgram* installed = programs.find(planned.name);
        if (installed == nullptr) return true;
        return !std::ranges::all_of(plan.row_counts, [&](size_t rows) {
            const array::Gemm gemm = plan.gemm(planned, rows, s.k, s.n, array::Result::bf16);
            return installed->find(gemm.m, gemm.k, gemm.n, gemm.result) != nullptr;
        });
    });
    return rounded;
}

/// Whether all weights of a layer are among `shapes`, Q, K and V one by one.
bool covers(const std::vector<Shape>& shapes, size_t state) {
    const std::array<Shape, 3> needed{{{state, state}, {state, 4 * state}, {4 * state, state}}};
    return std::ranges::all_of(
        needed, [&](const Shape& shape) { return std::ranges::find(shapes, shape) != shapes.end(); });
}

struct Weights {
    std::string name;
    std::unique_ptr<Checkpoint> checkpoint;
};

Weights choose_weights(const std::string& wanted, const std::vector<Shape>& shapes) {
    if (!wanted.empty()) {
        Model model = load_model(wanted);
        const size_t state = model.dimensions().n_audio_state;
        if (!covers(shapes, state)) {
            throw DeviceError(
                fmt::format("there are no array programs for the model {}, whose n_audio_state is {}; build "
                            "them (kernels/README.md), or test without --model",
                            model.name, state));
        }
        return {model.name, std::move(model.checkpoint)};
    }
    const CatalogEntry* smallest = nullptr;
    for (const CatalogEntry& entry : catalog()) {
        if (!covers(shapes, entry.dimensions.n_audio_state)) continue;
        if (smallest == nullptr) smallest = &entry;
        if (!find_fetched(entry.name)) continue;
        Model model = load_model(entry.name);
        return {model.name, std::move(model.checkpoint)};
    }
    if (smallest == nullptr) {
        throw DeviceError(
            "the installed array programs do not cover the encoder of any model: build those of one model "
            "(kernels/README.md)");
    }
    const Dimensions& dimensions = smallest->dimensions;
    return {fmt::format("generated weights, n_audio_state {}", dimensions.n_audio_state),
            std::make_unique<bench::GeneratedEncoder>(dimensions)};
}

struct Entry {
    Step step;
    std::optional<Failure> (*run)(Bench&);
};
constexpr Entry kEntries[] = {
    {Step::once, one_shape_once},     {Step::again, same_shape_again}, {Step::in_turn, two_shapes_in_turn},
    {Step::every_shape, every_shape}, {Step::runlist, one_runlist},    {Step::layer, one_layer},
    {Step::encoder, whole_encoder},   {Step::pair, windows_together},
};

std::string scope_of(Step step, const Bench& bench, const std::string& model) {
    const size_t state = bench.state(), few = bench.few_rows(), many = bench.many_rows();
    switch (step) {
        case Step::once:
        case Step::again:
            return fmt::format("{} x {} by {} x {}, bit by bit", few, state, state, state);
        case Step::in_turn:
            return fmt::format("k of {} and {}, n of {} and {}, {} and {} rows, bit by bit", state, 4 * state,
                               state, 4 * state, few, many);
        case Step::every_shape:
            return fmt::format(
                "{} sizes of weights with {} and {} rows, bit by bit, {} of them also rounded to bf16; "
                "natural "
                "values within the bound of f32 sums",
                bench.shapes.size(), few, many, bench.bf16_shapes.size());
        case Step::runlist:
            return fmt::format("3 products with {} rows and 30 with {}, bit by bit", many, few);
        case Step::pair:
            return fmt::format("{}, {} and {} frames, bit by bit as each alone", model, many, many / 3);
        case Step::layer:
        case Step::encoder:
            break;
    }
    return fmt::format("{}, {} frames; the same twice, and each row within twice BFP16's distance from fp32",
                       model, many);
}

std::optional<Failure> run(const Entry& entry, Bench& bench) {
    Failure failure;
    failure.step = entry.step;
    try {
        return entry.run(bench);
    } catch (const NpuTimeout& error) {
        failure.symptom = Symptom::timeout;
        failure.what = error.what();
    } catch (const DeviceError& error) {
        failure.symptom = Symptom::refused;
        failure.what = error.what();
    }
    return failure;
}

void complete(Failure& failure, const Bench& bench, const std::optional<NpuStatus>& npu) {
    Circumstances circumstances;
    circumstances.device = bench.device.info().name;
    circumstances.k_tiles = bench.current_k_tiles;
    circumstances.previous_k_tiles = bench.previous_k_tiles;
    if (npu) {
        const unsigned index = npu_options_from_environment().index;
        if (index < npu->devices.size()) circumstances.power_mode = npu->devices[index].power_mode;
    }
    if (!failure.evidence.wrong_by_tile.empty())
        circumstances.where =
            where_on_array(failure.evidence.wrong_by_tile, bench.plan.rows, bench.plan.columns);
    failure.evidence.product = bench.current;
    explain(failure, circumstances);
}

}  // namespace

Report test_device(const std::string& name, const std::string& model, ThreadPool& pool,
                   const Listener& listener) {
    const std::unique_ptr<Device> device = choose_device(name, {}, pool).device;
    const std::unique_ptr<Device> cpu = make_cpu_device({}, pool);
    const array::Plan& plan = array::Plan::built_in();
    std::vector<Shape> shapes = installed_shapes(*device, plan);
    const Weights weights = choose_weights(model, shapes);
    Report report;
    report.device = device->info();
    if (report.device.name == "npu") report.npu = probe_npu();
    report.model = weights.name;
    report.shapes = shapes;
    report.planned_shapes = planned_shapes(plan).size();
    listener.begins(report);
    std::set<Shape> rounded = bf16_shapes(*device, plan, shapes);
    Bench bench{*device, *cpu, pool, plan, std::move(shapes), std::move(rounded), *weights.checkpoint, {}};
    for (const Entry& entry : kEntries) {
        bench.progress = [&](const std::string& what) {
            listener.progress(fmt::format("{}: {}", device_test::name(entry.step), what));
        };
        bench.progress("begins");
        StepResult result;
        result.step = entry.step;
        result.scope = scope_of(entry.step, bench, report.model);
        const uint64_t before = device->stats().matmuls;
        const Stopwatch watch;
        report.failure = run(entry, bench);
        result.seconds = watch.seconds();
        result.matmuls = device->stats().matmuls - before;
        result.passed = !report.failure;
        if (report.failure) complete(*report.failure, bench, report.npu);
        report.steps.push_back(result);
        listener.ends(result);
        if (report.failure) break;
    }
    return report;
}

}  // namespace npuscribe::device_test
