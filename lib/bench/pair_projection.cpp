#include "bench/pair_projection.h"

#include <algorithm>
#include <optional>

#include "encoder/pair_order.h"

namespace npuscribe::bench {
namespace {

/// What the CPU does in a step, and which of a layer's submissions follows.
struct Step {
    double seconds = 0;
    std::optional<size_t> submits = std::nullopt;
};

Step step_of(const HostLayer& host, size_t index, size_t all) {
    if (index == 0) return {};  // the stem is not part of the layers
    if (index + 1 == all) return {host.take_result};
    const size_t in_layer = (index - 1) % layer_steps(kAttentionPieces);
    if (in_layer == 0) return {(index == 1 ? 0 : host.take_result) + host.prepare_normed, 0};
    if (in_layer > kAttentionPieces) return {host.take_result + host.prepare_normed, 2};
    Step step{host.attention.at(in_layer - 1)};
    if (in_layer == 1) step.seconds += host.take_inputs;
    if (in_layer == kAttentionPieces) {
        step.seconds += host.prepare;
        step.submits = 1;
    }
    return step;
}

}  // namespace

PairSeconds project_pair(const HostLayer& host, std::span<const double> submissions, size_t layers) {
    struct Window {
        StepsDone steps;
        double result_at = 0;  // when what it has on the array is done
    };
    const size_t all = window_steps(layers, kAttentionPieces);
    Window first{{0, all}}, second{{0, all}};
    double now = 0;            // of the CPU
    double array_free_at = 0;  // when the array has done all that was submitted
    PairSeconds pair;
    while (!first.steps.finished() || !second.steps.finished()) {
        Window& window = first_goes(first.steps, second.steps) ? first : second;
        const Step step = step_of(host, window.steps.done, all);
        now = std::max(now, window.result_at) + step.seconds;
        if (step.submits) {
            array_free_at = std::max(array_free_at, now) + submissions[*step.submits];
            window.result_at = array_free_at;
        }
        ++window.steps.done;
        if (window.steps.finished() && pair.one == 0) pair.one = now;
    }
    pair.both = now;
    return pair;
}

}  // namespace npuscribe::bench
