#pragma once
// The steps of the test, one function each, in the order in which things fail on new hardware. Each returns
// nothing if all is well, and otherwise the first failure, not yet explained. DeviceError passes through.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "bench/device_test/failure.h"
#include "device/array/array_plan.h"
#include "device/device.h"
#include "model/checkpoint.h"

namespace npuscribe::device_test {

/// Weights [n × k].
struct Shape {
    size_t k = 0, n = 0;
    auto operator<=>(const Shape&) const = default;
};

/// What the steps use, and what they leave behind for the next one and for the report.
struct Bench {
    Device& device;
    Device& cpu;  // in bfp16: what the results are compared with
    ThreadPool& pool;
    const array::Plan& plan;
    std::vector<Shape> shapes;    // of the plan, for all that the device has programs
    std::set<Shape> bf16_shapes;  // those whose sums the device can round to bfloat16
    const Checkpoint& model;
    std::function<void(const std::string&)> progress;

    size_t state() const { return model.dimensions().n_audio_state; }
    /// The fewest rows for which there are programs.
    size_t few_rows() const { return plan.row_counts.front(); }
    /// A window of 30 seconds.
    size_t many_rows() const { return model.dimensions().n_audio_ctx; }

    std::shared_ptr<const Product> current{};  // the product that runs, or ran last
    std::optional<Matrix> previous{};          // the result before
    size_t previous_k_tiles = 0;
    size_t current_k_tiles = 0;

    const array::Tile& tile_of(const Product& product) const {
        return plan.program_for(array::Kernel::bfp16, product.k()).tile;
    }
};

/// What is about to run: `product` becomes the current one.
void note_start(Bench&, std::shared_ptr<const Product> product);
/// Compares a result of the current product.
std::optional<Failure> check(Bench&, Step, Matrix got);

std::optional<Failure> one_shape_once(Bench&);
std::optional<Failure> same_shape_again(Bench&);
std::optional<Failure> two_shapes_in_turn(Bench&);
std::optional<Failure> every_shape(Bench&);
std::optional<Failure> one_runlist(Bench&);
std::optional<Failure> one_layer(Bench&);
std::optional<Failure> whole_encoder(Bench&);
std::optional<Failure> windows_together(Bench&);

}  // namespace npuscribe::device_test
