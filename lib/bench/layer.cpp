#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "bench/benchmarks.h"
#include "bench/layer_runner.h"
#include "bench/statistics.h"
#include "bench/study/study_figures.h"
#include "bench/timing.h"
#include "device/cpu/cpu_device.h"

namespace npuscribe::bench {
namespace {

constexpr size_t kWarmUps = 3;

struct Accuracy {
    size_t layer = 0;
    Distance output;
    double of_change = 0;  // the error relative to what the layer adds to its input
};

Buffer<float> copy(const Buffer<float>& from) {
    Buffer<float> out(from.size());
    std::copy(from.begin(), from.end(), out.begin());
    return out;
}

Accuracy compare(size_t layer, MatrixView<const float> input, MatrixView<const float> reference,
                 MatrixView<const float> output) {
    Accuracy accuracy{layer, distance(reference, output), 0};
    const double change = distance(reference, input).difference_squared;
    accuracy.of_change = std::sqrt(accuracy.output.difference_squared / change);
    return accuracy;
}

// Goes from layer to layer in fp32, and compares the device's output with it: in every layer, or only in the
// timed one if the device is emulated.
class Walk {
  public:
    Walk(const Context& context, size_t timed)
        : context_(context),
          timed_(timed),
          everywhere_(!context.device.info().modelled_times),
          exact_(make_cpu_device({Precision::fp32, {}}, context.pool)) {
        x_ = stem_output(context);
        const size_t last = everywhere_ ? context.dimensions().n_audio_layer - 1 : timed;
        for (size_t layer = 0; layer <= last; ++layer) take(layer, last + 1);
    }

    const Buffer<float>& timed_input() const { return timed_input_; }
    const std::vector<Accuracy>& accuracy() const { return accuracy_; }

  private:
    void take(size_t layer, size_t count) {
        context_.step("accuracy of layer", layer, count);
        const auto view = [&](Buffer<float>& values) {
            return values.matrix(context_.frames, context_.dimensions().n_audio_state);
        };
        if (layer == timed_) timed_input_ = copy(x_);
        Buffer<float> reference = copy(x_);
        LayerRunner(context_.checkpoint, layer, context_.frames, *exact_, context_.pool).run(view(reference));
        if (everywhere_ || layer == timed_) {
            Buffer<float> output = copy(x_);
            LayerRunner(context_.checkpoint, layer, context_.frames, context_.device, context_.pool)
                .run(view(output));
            accuracy_.push_back(compare(layer, view(x_), view(reference), view(output)));
        }
        x_ = std::move(reference);
    }

    const Context& context_;
    const size_t timed_;
    const bool everywhere_;
    std::unique_ptr<Device> exact_;
    Buffer<float> x_;
    Buffer<float> timed_input_;
    std::vector<Accuracy> accuracy_;
};

std::vector<LayerSeconds> time_layer(const Context& context, size_t index, const Buffer<float>& input) {
    LayerRunner runner(context.checkpoint, index, context.frames, context.device, context.pool);
    Buffer<float> x(input.size());
    return measured_runs(context, kWarmUps, [&] {
        std::copy(input.begin(), input.end(), x.begin());
        return runner.run(x.matrix(context.frames, context.dimensions().n_audio_state));
    });
}

constexpr Stage<LayerSeconds> kStages[] = {
    {"prepare: layer norm, quantisation", &LayerSeconds::prepare, false},
    {"six matmuls", &LayerSeconds::matmul, true},
    {"attention", &LayerSeconds::attention, false},
    {"to the device and back", &LayerSeconds::transfer, true}};

Table accuracy_table(const std::vector<Accuracy>& accuracy) {
    Table table{"Output against fp32, on the same input",
                {{"layer", ""},
                 {"cosine", ""},
                 {"relative L2", "%"},
                 {"of the median frame", "%"},
                 {"of what the layer adds", "%"}},
                {}};
    for (const Accuracy& a : accuracy) {
        table.rows.push_back({{static_cast<double>(a.layer), a.output.cosine, a.output.relative_l2 * 100,
                               a.output.median_row_l2 * 100, a.of_change * 100},
                              Origin::measured});
    }
    return table;
}

std::vector<Criterion> criteria(const Context& context, const Summary& total,
                                const std::vector<Accuracy>& accuracy) {
    const auto limit = [&](double at_base) { return study::scale(at_base, study::kLayers, context.frames); };
    const Origin origin = context.origin();
    std::vector<Criterion> out = {
        {"layer, p50", Relation::below, limit(study::kLayerP50), total.p50, "ms", origin},
        {"layer, p95", Relation::below, limit(study::kLayerP95), total.p95, "ms", origin},
        {"layer, p99", Relation::below, limit(study::kLayerP99), total.p99, "ms", origin}};
    mark_limits_of_npu(out, context.device);
    const auto worst = std::min_element(
        accuracy.begin(), accuracy.end(),
        [](const Accuracy& a, const Accuracy& b) { return a.output.cosine < b.output.cosine; });
    const Precision precision = context.device.info().precision;
    const bool track1 = precision == Precision::int8 || precision == Precision::int8_tensor;
    out.push_back({fmt::format("cosine with fp32 (layer {}, the worst)", worst->layer), Relation::at_least,
                   track1 ? study::kTrack1Accuracy : study::kTrack2Accuracy, worst->output.cosine, "",
                   Origin::measured});
    return out;
}

}  // namespace

Result layer(const Context& context, size_t index) {
    if (index >= context.dimensions().n_audio_layer) {
        throw UsageError(fmt::format("invalid value '{}' for --layer: the model {} has layers 0 to {}", index,
                                     context.model, context.dimensions().n_audio_layer - 1));
    }
    const Walk walk(context, index);
    const auto runs = time_layer(context, index, walk.timed_input());
    const Summary total = summarise(milliseconds(runs, &LayerSeconds::total));

    Result result;
    result.name = "bench layer";
    result.setup = setup(context);
    result.setup.emplace_back("layer", fmt::to_string(index));
    const Origin origin = context.origin();
    for (const auto& [name, value] : {std::pair{"p50", total.p50},
                                      {"p95", total.p95},
                                      {"p99", total.p99},
                                      {"min", total.min},
                                      {"max", total.max},
                                      {"mean", total.mean}}) {
        result.quantities.push_back({name, value, "ms", origin});
    }
    result.tables.push_back(stages_table(runs, kStages, total.p50, origin));
    result.samples.push_back(
        {fmt::format("Layer {}", index), "ms", milliseconds(runs, &LayerSeconds::total), origin});
    result.tables.push_back(accuracy_table(walk.accuracy()));
    result.criteria = criteria(context, total, walk.accuracy());
    if (context.frames != study::kFrames) {
        result.notes.push_back(
            fmt::format("The study's limits are for {} frames; here they are multiplied by {}/{}.",
                        study::kFrames, context.frames, study::kFrames));
    }
    add_modelled_range(context, 1, result);
    result.notes.emplace_back(
        "The study's 99.99 % and 99.0 % are cosines, and so is the criterion. The layer's output includes "
        "its input; the last column of the table is relative to the part that the layer adds.");
    return result;
}

}  // namespace npuscribe::bench
