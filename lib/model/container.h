#pragma once
// npuscribe's own model file, NAME.npuscribe: a whole model in one safetensors file, which is mapped and used
// as it is.
//
//   tensors    under OpenAI's names. The matrices of linears and the token embedding [n × k] are U8, [n/64 ×
//              k/8 × 576]: BFP16 in panels (bfp16/panels.h), n padded to whole ones; they come first, in
//              OpenAI's order and at multiples of 64 bytes, so that a layer's query, key and value are one
//              matrix. All others are F16, BF16 or F32, whichever is the smallest that holds the source's
//              values exactly.
//   vocabulary U8, one-dimensional: the text tokens (packed_vocabulary.h)
//   metadata   format, format_version; dimensions, alignment_heads (JSON); source, producer (for readers)

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/checkpoint.h"
#include "model/safetensors.h"
#include "model/tokenizer.h"

namespace npuscribe {

class ThreadPool;

namespace container {

inline constexpr std::string_view kSuffix = ".npuscribe";
inline constexpr std::string_view kFormat = "npuscribe-bfp16";
inline constexpr std::string_view kVersion = "2";
inline constexpr std::string_view kVocabulary = "vocabulary";  // the tensor's name

/// The tensor of an OpenAI name; panels have the type bfp16 and all the rows that they hold. Only the token
/// embedding has `n_vocab` rows if its panels hold that many.
std::optional<TensorData> find(const safetensors::Contents& contents, std::string_view openai_name,
                               size_t n_vocab);

/// True for a file with the suffix above, or with any safetensors in it. Not for model.safetensors, which
/// belongs to a directory.
bool recognises(const std::filesystem::path& path);

/// Opens such a file. Throws ModelError, beginning with `file`, if something in it is inconsistent or if a
/// later version wrote it. Block exponents are checked when blocks are read.
std::unique_ptr<Checkpoint> open(const std::filesystem::path& file);

/// The size of such a file in bytes, within a few percent.
uint64_t expected_size(const Dimensions& dimensions);

/// Receives the file piece by piece, from its beginning.
using Sink = std::function<void(std::string_view bytes)>;

/// Writes `source` as such a file, with its matrices rounded to nearest even. `producer`: "npuscribe 0.1.0".
/// Throws ModelError if a weight is Inf, NaN, or at least 2^111, and whatever `sink` throws.
void write(const Checkpoint& source, const Tokenizer& tokenizer, std::string_view producer, ThreadPool& pool,
           const Sink& sink);

}  // namespace container
}  // namespace npuscribe
