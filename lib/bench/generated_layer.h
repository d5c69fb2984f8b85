#pragma once
// An encoder layer of any size with made-up weights: how long a layer takes does not depend on its weights.

#include "model/checkpoint.h"

namespace npuscribe::bench {

/// Layer 0 of an encoder, and nothing else of a Whisper model. The values are the same each time.
class GeneratedLayer final : public Checkpoint {
  public:
    /// Only n_audio_state and n_audio_head matter.
    explicit GeneratedLayer(const Dimensions& dimensions) : dimensions_(dimensions) {}

    const Dimensions& dimensions() const override { return dimensions_; }
    std::string description() const override { return "generated weights"; }
    std::vector<size_t> shape(std::string_view name) const override;
    bool has(std::string_view name) const override;
    void read(std::string_view name, std::span<float> out) const override;
    void read_rows(std::string_view name, size_t first, std::span<float> out) const override;
    std::vector<std::pair<int, int>> alignment_heads() const override { return {}; }
    using Checkpoint::read;

  private:
    Dimensions dimensions_;
};

}  // namespace npuscribe::bench
