#pragma once
// CTranslate2's model.bin (as in Systran/faster-whisper-*). The format is defined by its writer and its
// reader: OpenNMT/CTranslate2, python/ctranslate2/specs/model_spec.py (_serialize) and src/models/model.cc
// (Model::load).

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/checkpoint.h"
#include "model/tensor_data.h"

namespace npuscribe::ct2 {

/// All variables of a model.bin, in place, under CTranslate2's own names, with aliases resolved and scales
/// attached.
struct Contents {
    uint32_t version = 0;  // of the container: 2 to 6
    std::string spec;      // "WhisperSpec"
    uint32_t revision = 0;
    std::map<std::string, TensorData, std::less<>> variables;
};

/// Throws ModelError, beginning with `file`, if something is inconsistent.
Contents parse(std::span<const std::byte> bytes, const std::string& file);

/// The tensor of an OpenAI name: query, key and value are row ranges of CTranslate2's fused projections.
std::optional<TensorData> find(const Contents& contents, std::string_view openai_name);

/// True for a directory with model.bin.
bool recognises(const std::filesystem::path& path);

/// Opens such a directory. Throws ModelError.
std::unique_ptr<Checkpoint> open(const std::filesystem::path& directory);

}  // namespace npuscribe::ct2
