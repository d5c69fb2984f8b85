#pragma once
// A small whole model for the fuzz targets of readers, and small damage to the parts of it that describe
// tensors.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/tensor_checkpoint.h"
#include "random_model.h"

namespace npuscribe::fuzz {

/// The weights file of a random model of one layer, made once.
std::string small_model(test::ModelFormat format, DType dtype, const char* file_name);

/// Where bytes of `whole` are that are not of `payload` (parts of it).
std::vector<size_t> places_outside(const std::vector<std::span<const std::byte>>& payload,
                                   const std::string& whole);

/// `whole` with up to four bytes changed as `data` says, only at `places`.
std::string damaged(const std::string& whole, const std::vector<size_t>& places,
                    std::span<const uint8_t> data);

/// What a reader makes of bytes: its tensors, by the file's names, and how it finds one by OpenAI's.
struct Contents {
    std::map<std::string, TensorData, std::less<>> tensors;
    FindTensor find;
};
using Parse = std::function<Contents(std::span<const std::byte> bytes)>;

/// Gives `parse` the bytes of `data`, then `whole` with the damage that they say; every tensor is read. For
/// LLVMFuzzerTestOneInput.
int try_reader(const Parse& parse, const std::string& whole, std::span<const uint8_t> data);

}  // namespace npuscribe::fuzz
