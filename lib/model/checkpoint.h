#pragma once
// A checkpoint on disk, in any format that is read, as named f32 tensors. Names are those of OpenAI's
// state dict ("encoder.blocks.0.attn.query.weight", "decoder.token_embedding.weight"): readers translate
// names and split fused tensors.

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
    /// For the reader of messages: "CTranslate2, f16".
    virtual std::string description() const = 0;

    /// Throws ModelError, naming the tensor and the file, if there is none.
    virtual std::vector<size_t> shape(std::string_view name) const = 0;
    virtual bool has(std::string_view name) const = 0;
    /// Reads a tensor and converts it to f32. Throws ModelError if `out.size()` is not its element count.
    /// Gives the pages of the file that it has read back to the system, so that loading does not cost a
    /// second copy of the model.
    virtual void read(std::string_view name, std::span<float> out) const = 0;
    /// The same for as many rows as `out` holds, from row `first` of the first dimension on. With it a large
    /// tensor (the token embedding) can be packed piece by piece, without an f32 copy of the whole.
    virtual void read_rows(std::string_view name, size_t first, std::span<float> out) const = 0;

    /// The panels (bfp16/panels.h) of a matrix that the file holds in BFP16, in place: they live as long as
    /// the checkpoint, and their exponents are not checked yet. None if the file holds it in another format.
    /// A device that multiplies in BFP16 uses the panels, because quantising their values again would change
    /// them.
    virtual std::optional<std::span<const uint8_t>> panels(std::string_view) const { return std::nullopt; }
    /// Gives the pages of a matrix that `panels` returned back to the system.
    virtual void release(std::string_view) const {}

    /// [cross-attention layer, head] pairs whose weights follow the audio, for word times; empty if the file
    /// names none.
    virtual std::vector<std::pair<int, int>> alignment_heads() const = 0;

    /// The n_text text tokens, if the file holds them; none if they are in another file. Throws ModelError if
    /// they are not such a vocabulary.
    virtual std::optional<BytePairs> vocabulary(size_t /*n_text*/) const { return std::nullopt; }

    /// Reads a tensor into new memory.
    Buffer<float> read(std::string_view name) const;
};

/// Opens a CTranslate2 directory (model.bin), a Hugging Face directory (model.safetensors), a whisper.cpp
/// file (ggml-*.bin), a checkpoint of openai-whisper (*.pt) or a file that `npuscribe model convert` wrote
/// (container.h). Checks that every tensor that Whisper needs is there and has the right shape. Trusts
/// nothing in the file: checks sizes and offsets before it uses them. Throws ModelError. A new format is one
/// entry of `kReaders` in checkpoint.cpp.
std::unique_ptr<Checkpoint> open_checkpoint(const std::filesystem::path& path);

}  // namespace npuscribe
