#pragma once
// The text decoder's weights, packed for few rows at a time.

#include <cstddef>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "model/checkpoint.h"
#include "simd/matmul/project.h"
#include "simd/rows/prepare.h"

namespace npuscribe {

class ThreadPool;

struct NormWeights {
    Buffer<float> weight, bias;
};

/// W and b. Linears that share their input may be stacked in one matrix.
struct PackedLinear {
    simd::PackedMatrix weight;
    Buffer<float> bias;  // n values; zeros if the checkpoint has none
};

struct DecoderLayerWeights {
    NormWeights self_norm;
    PackedLinear self_qkv;  // [3·state × state]
    PackedLinear self_out;
    NormWeights cross_norm;
    PackedLinear cross_query;
    PackedLinear cross_out;
    NormWeights mlp_norm;
    PackedLinear fc1;
    PackedLinear fc2;
};

struct DecoderWeights {
    /// Matrices are rounded to `numerics` and packed as `element`, which can hold that. BFP16 blocks of the
    /// checkpoint are used as they are. Throws ModelError if a weight is not finite, or too large.
    DecoderWeights(const Checkpoint& checkpoint, simd::Numerics numerics, simd::Element element,
                   ThreadPool& pool);

    std::vector<DecoderLayerWeights> layers;
    simd::PackedMatrix embedding;  // [n_vocab × state]: looked up on the way in, multiplied on the way out
    Buffer<float> positions;       // [n_text_ctx × state]
    NormWeights norm;
};

}  // namespace npuscribe
