#pragma once
// openai-whisper's own checkpoints, such as ~/.cache/whisper/base.pt: what torch.save writes since
// PyTorch 1.6 (pytorch/pytorch, torch/serialization.py and caffe2/serialize/inline_container.h). It is a zip
// file whose entries are not packed:
//
//   NAME/data.pkl      a pickle (pickle.h): {"dims": {…}, "model_state_dict": {tensor's name: tensor}}. A
//   tensor
//                      is a call of torch._utils._rebuild_tensor_v2 with its storage, offset, shape and
//                      strides; a storage is outside the pickle: ("storage", type, key, device, number of
//                      elements)
//   NAME/data/KEY      a storage's elements
//   NAME/byteorder     "little" or "big"; older files have none and are little-endian
//
// Names of tensors are OpenAI's, and hence ours.

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/checkpoint.h"
#include "model/tensor_data.h"

namespace npuscribe::torch {

struct Contents {
    Dimensions dimensions;                                   // as the file states them
    std::map<std::string, TensorData, std::less<>> tensors;  // in place
};

/// True for a file that begins as a zip file does, and for a directory with one of the name model.pt.
bool recognises(const std::filesystem::path& path);

/// Throws ModelError, beginning with `file`, if something is inconsistent or the file is no checkpoint of
/// openai-whisper. Tensors of types that Whisper does not have are left out. Runs nothing that is in the
/// file.
Contents parse(std::span<const std::byte> bytes, const std::string& file);

/// The tensor of an OpenAI name.
std::optional<TensorData> find(const Contents& contents, std::string_view openai_name);

/// Opens such a file. Its vocabulary is the one that the program carries (builtin_vocabulary.h), and its
/// alignment heads are those of the catalog's model with its dimensions, as for whisper.cpp's files. Throws
/// ModelError.
std::unique_ptr<Checkpoint> open(const std::filesystem::path& path);

}  // namespace npuscribe::torch
