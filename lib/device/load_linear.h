#pragma once
// Loading a linear layer from a checkpoint, as the encoder and the decoder both do. It is a template because
// lib/device does not depend on lib/model.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "bfp16/panels.h"
#include "device/device.h"

namespace npuscribe {

/// Loads `name`.weight and, if the checkpoint has one, `name`.bias. Weights that the file stores in BFP16 are
/// loaded as blocks; if the device has copied them, the file's pages are released. `Checkpoint` is
/// model/checkpoint.h's.
template <class Checkpoint>
std::unique_ptr<Linear> load_linear(const Checkpoint& checkpoint, const std::string& name, Device& device,
                                    Sums sums = Sums::f32) {
    const std::string weight = name + ".weight";
    const auto shape = checkpoint.shape(weight);
    Buffer<float> bias;
    if (checkpoint.has(name + ".bias")) bias = checkpoint.read(name + ".bias");  // key projections have none
    if (const auto panels = checkpoint.panels(weight)) {
        auto linear =
            device.load_blocks({*panels, shape[0], shape[1], {bias.data(), bias.size()}, name, sums});
        if (!device.keeps_blocks()) checkpoint.release(weight);
        return linear;
    }
    const auto values = checkpoint.read(weight);
    return device.load({values.matrix(shape[0], shape[1]), {bias.data(), bias.size()}, name, sums});
}

/// Loads several linears of one k as one, whose n is the sum of theirs: their results lie side by side.
/// Blocks stay blocks if each has whole panels; otherwise all are loaded as values. `name` is for errors.
template <class Checkpoint>
std::unique_ptr<Linear> load_joined(const Checkpoint& checkpoint, const std::vector<std::string>& names,
                                    const std::string& name, Device& device, Sums sums = Sums::f32) {
    size_t n = 0, k = 0;
    bool blocks = !device.keeps_blocks();  // the joined panels are gone when this returns
    for (const std::string& one : names) {
        const auto shape = checkpoint.shape(one + ".weight");
        blocks = blocks && checkpoint.panels(one + ".weight") && shape[0] % bfp16::kPanelRows == 0;
        n += shape[0];
        k = shape[1];
    }
    std::vector<float> bias;
    std::vector<uint8_t> panels;
    Buffer<float> values(blocks ? 0 : n * k);
    size_t rows = 0;
    for (const std::string& one : names) {
        const std::string weight = one + ".weight";
        if (blocks) {
            const auto some = *checkpoint.panels(weight);
            panels.insert(panels.end(), some.begin(), some.end());
            checkpoint.release(weight);
        } else {
            const auto some = checkpoint.read(weight);
            std::copy(some.begin(), some.end(), values.data() + rows * k);
        }
        rows += checkpoint.shape(weight)[0];
        if (checkpoint.has(one + ".bias")) {
            const auto some = checkpoint.read(one + ".bias");
            bias.insert(bias.end(), some.begin(), some.end());
        }
        bias.resize(rows, 0.0F);  // key projections have none
    }
    if (blocks) return device.load_blocks({panels, n, k, bias, name, sums});
    return device.load({values.matrix(n, k), bias, name, sums});
}

}  // namespace npuscribe
