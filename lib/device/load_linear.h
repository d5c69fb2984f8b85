#pragma once
// Loading a linear layer from a checkpoint, as the encoder and the decoder both do. It is a template because
// lib/device does not depend on lib/model.

#include <memory>
#include <string>

#include "base/buffer.h"
#include "device/device.h"

namespace npuscribe {

/// Loads `name`.weight and, if the checkpoint has one, `name`.bias. Weights that the file stores in BFP16 are
/// loaded as blocks; if the device has copied them, the file's pages are released. `Checkpoint` is
/// model/checkpoint.h's.
template <class Checkpoint>
std::unique_ptr<Linear> load_linear(const Checkpoint& checkpoint, const std::string& name, Device& device) {
    const std::string weight = name + ".weight";
    const auto shape = checkpoint.shape(weight);
    Buffer<float> bias;
    if (checkpoint.has(name + ".bias")) bias = checkpoint.read(name + ".bias");  // key projections have none
    if (const auto panels = checkpoint.panels(weight)) {
        auto linear = device.load_blocks({*panels, shape[0], shape[1], {bias.data(), bias.size()}, name});
        if (!device.keeps_blocks()) checkpoint.release(weight);
        return linear;
    }
    const auto values = checkpoint.read(weight);
    return device.load({values.matrix(shape[0], shape[1]), {bias.data(), bias.size()}, name});
}

}  // namespace npuscribe
