#pragma once
// How CTranslate2 and Hugging Face name and store Whisper's tensors, from the writers' side. Shares no code
// with the readers in lib/model, so that a mistake in either of the two is found.

#include <cstddef>
#include <string>
#include <vector>

#include "model/dimensions.h"

namespace npuscribe::test {

/// One of OpenAI's tensors; zeros if `name` is empty.
struct TensorPart {
    std::string name;
    std::vector<size_t> shape;
};

/// A stored tensor: its parts, one below the other.
struct StoredTensor {
    std::string name;
    std::vector<size_t> shape;
    std::vector<TensorPart> parts;
};

size_t count_of(const std::vector<size_t>& shape);

std::vector<StoredTensor> ct2_layout(const Dimensions&);
std::vector<StoredTensor> hf_layout(const Dimensions&);

}  // namespace npuscribe::test
