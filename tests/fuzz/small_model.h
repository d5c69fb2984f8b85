#pragma once
// A small whole model for the fuzz targets of readers, and small damage to the parts of it that describe
// tensors.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/tensor_checkpoint.h"
#include "random_model.h"

namespace npuscribe::fuzz {

/// The weights file of a random model of one layer, made once.
std::string small_model(test::ModelFormat format, DType dtype, const char* file_name);

/// `whole` with up to four bytes changed as `data` says, only outside of `payload` (parts of `whole`).
std::string damaged(const std::string& whole, const std::vector<std::span<const std::byte>>& payload,
                    std::span<const uint8_t> data);

/// Makes a checkpoint of it and reads every tensor. ModelError is the right answer to most inputs; whatever
/// else happens is for the sanitizers.
void read_all(const FindTensor& find);

}  // namespace npuscribe::fuzz
