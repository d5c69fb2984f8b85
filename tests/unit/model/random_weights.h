#pragma once
// The check that a checkpoint holds what random_model.h writes.

#include "catch.h"
#include "model/tensor_checkpoint.h"
#include "random_model.h"

namespace npuscribe::test {

/// Every tensor of a Whisper model of these dimensions is there, and is exactly what write_random_model()
/// wrote with seed 1.
inline void check_random_weights(const Checkpoint& checkpoint, const Dimensions& dimensions) {
    for (const auto& [name, shape] : whisper_tensors(dimensions)) {
        INFO(name);
        REQUIRE(checkpoint.has(name));
        REQUIRE(checkpoint.shape(name) == shape);
        const auto values = checkpoint.read(name);
        size_t wrong = 0;
        for (size_t i = 0; i < values.size(); ++i)
            wrong += values[i] != random_weight(name, shape, i, 1) ? 1 : 0;
        REQUIRE(wrong == 0);
    }
}

}  // namespace npuscribe::test
