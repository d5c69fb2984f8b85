#pragma once
// A checkpoint on disk, whatever its format, as named f32 tensors. Names are OpenAI's state-dict names
// ("encoder.blocks.0.attn.query.weight", "decoder.token_embedding.weight"); readers translate and split fused
// tensors.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "model/dimensions.h"

namespace npuscribe {

class Checkpoint {
  public:
    virtual ~Checkpoint() = default;

    virtual const Dimensions& dimensions() const = 0;
    /// "CTranslate2, f16", for people.
    virtual std::string description() const = 0;

    /// Throws ModelError, naming the tensor and the file, where there is none.
    virtual std::vector<size_t> shape(std::string_view name) const = 0;
    virtual bool has(std::string_view name) const = 0;
    /// Reads and converts to f32. `out.size()` must be the tensor's element count (else ModelError). Pages of
    /// the file that were read for it are given back to the system: loading must not cost a second copy of
    /// the model.
    virtual void read(std::string_view name, std::span<float> out) const = 0;
    /// The same for rows of the first dimension, from `first` on, as many as `out` holds: a large tensor (the
    /// token embedding) can be packed piece by piece, without a whole f32 copy of it.
    virtual void read_rows(std::string_view name, size_t first, std::span<float> out) const = 0;

    /// [cross-attention layer, head] pairs that follow the audio, for word times; empty where the file has
    /// none.
    virtual std::vector<std::pair<int, int>> alignment_heads() const = 0;

    /// Reads a tensor into memory of its own.
    Buffer<float> read(std::string_view name) const;
};

/// Opens a CTranslate2 directory (model.bin) or a Hugging Face directory (model.safetensors). Checks that
/// every tensor Whisper needs is there, of the right shape. Trusts nothing in the file: sizes and offsets are
/// checked before use. Throws ModelError.
std::unique_ptr<Checkpoint> open_checkpoint(const std::filesystem::path& directory);

}  // namespace npuscribe
