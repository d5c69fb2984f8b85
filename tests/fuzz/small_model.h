#pragma once
// A small but whole model for the fuzz targets of readers, and damage to those of its bytes that describe
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

/// The positions of the bytes of `whole` that are not in `payload`, whose spans are parts of it.
std::vector<size_t> places_outside(const std::vector<std::span<const std::byte>>& payload,
                                   const std::string& whole);

/// Inputs of up to so many bytes stand for damage to a whole model: four bytes for each byte that changes.
inline constexpr size_t kDamage = 16;

/// `whole` with bytes changed as `data` says, only at `places`.
std::string damaged(const std::string& whole, const std::vector<size_t>& places,
                    std::span<const uint8_t> data);

/// What a reader finds in bytes: the tensors under the file's names, and how to find one by OpenAI's name.
struct Contents {
    std::map<std::string, TensorData, std::less<>> tensors;
    FindTensor find;
};
using Parse = std::function<Contents(std::span<const std::byte> bytes)>;

/// Reads every tensor that Whisper needs: a small one whole, of a large one the first row and the last,
/// because rows between them show nothing more and would take most of the time. Throws ModelError.
void read_tensors(const Checkpoint& checkpoint);

/// Parses `data`, or `whole` with the damage that `data` stands for if it is that short, and reads every
/// tensor. For LLVMFuzzerTestOneInput.
int try_reader(const Parse& parse, const std::string& whole, std::span<const uint8_t> data);

}  // namespace npuscribe::fuzz
