#pragma once
// Writes checkpoints as openai-whisper's are: what torch.save makes of {"dims": …, "model_state_dict": …}.
// Shares no code with the reader in lib/model, so that a mistake in either of the two is found.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/tensor_checkpoint.h"

namespace npuscribe::test {

/// The bytes of a zip file with these entries, stored as they are. With `in_64_bits`, sizes and places are in
/// the format's 64-bit fields.
std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries, bool in_64_bits = false);

/// Opcodes of protocol 2 (CPython, Lib/pickle.py).
std::string pickled_text(const std::string& text);
std::string pickled_number(int64_t number);
std::string pickled_tuple(const std::vector<std::string>& items);
/// A call of torch._utils._rebuild_tensor_v2. `type` is "HalfStorage" or the like.
std::string pickled_tensor(const std::string& type, const std::string& key, const std::vector<size_t>& shape,
                           size_t offset = 0);
/// The whole pickle of a checkpoint, of tensors' names and their opcodes.
std::string pickled_checkpoint(const Dimensions& dimensions,
                               const std::vector<std::pair<std::string, std::string>>& tensors);

/// The bytes of a whole checkpoint. `dtype` is f32, f16 or bf16.
std::string torch_checkpoint(const Dimensions& dimensions, DType dtype,
                             const std::function<std::vector<float>(const NamedShape& tensor)>& values);

}  // namespace npuscribe::test
