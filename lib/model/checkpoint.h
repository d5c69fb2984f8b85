#pragma once
// A checkpoint on disk, whatever its format, as named f32 tensors. Names are OpenAI's state-dict names
// ("encoder.blocks.0.attn.query.weight", "decoder.token_embedding.weight"); readers translate and split fused
// tensors.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "model/byte_pairs.h"
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

    /// The matrix of this name where the file has it in BFP16: its panels (bfp16/panels.h) in place, for as
    /// long as the checkpoint lives, all exponents still to be checked. Nothing where it has it in another
    /// form. Whoever multiplies in BFP16 takes these: quantising their values again would not give them back.
    virtual std::optional<std::span<const uint8_t>> panels(std::string_view) const { return std::nullopt; }
    /// Gives the pages of a matrix that `panels` handed out back to the system.
    virtual void release(std::string_view) const {}

    /// [cross-attention layer, head] pairs that follow the audio, for word times; empty where the file has
    /// none.
    virtual std::vector<std::pair<int, int>> alignment_heads() const = 0;

    /// The n_text text tokens where the file carries them; nothing where they lie beside the file. Throws
    /// ModelError where they are not that vocabulary.
    virtual std::optional<BytePairs> vocabulary(size_t /*n_text*/) const { return std::nullopt; }

    /// Reads a tensor into memory of its own.
    Buffer<float> read(std::string_view name) const;
};

/// Opens a CTranslate2 directory (model.bin), a Hugging Face directory (model.safetensors), a whisper.cpp
/// file (ggml-*.bin), or a file that `npuscribe model convert` wrote (container.h). Checks that every tensor
/// Whisper needs is there, of the right shape. Trusts nothing in the file: sizes and offsets are checked
/// before use. Throws ModelError.
std::unique_ptr<Checkpoint> open_checkpoint(const std::filesystem::path& path);

}  // namespace npuscribe
