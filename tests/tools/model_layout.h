#pragma once
// What CTranslate2 and Hugging Face call and how they store Whisper's tensors. Written down apart from the
// readers in lib/model, from the writers' side, so that a mistake in one of the two shows.

#include <cstddef>
#include <string>
#include <vector>

#include "model/dimensions.h"

namespace npuscribe::test {

/// One of OpenAI's tensors, or zeros where `name` is empty.
struct TensorPart {
    std::string name;
    std::vector<size_t> shape;
};

/// A tensor as stored: parts one below the other.
struct StoredTensor {
    std::string name;
    std::vector<size_t> shape;
    std::vector<TensorPart> parts;
};

size_t count_of(const std::vector<size_t>& shape);

std::vector<StoredTensor> ct2_layout(const Dimensions&);
std::vector<StoredTensor> hf_layout(const Dimensions&);

}  // namespace npuscribe::test
