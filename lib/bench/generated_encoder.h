#pragma once
// An encoder of any size with made-up weights: for machines without a model, and for times, which do not
// depend on the weights.

#include "model/checkpoint.h"

namespace npuscribe::bench {

/// The encoder's tensors under OpenAI's names, and none of the decoder's. The values are the same each time.
class GeneratedEncoder final : public Checkpoint {
  public:
    /// Only the encoder's sizes matter.
    explicit GeneratedEncoder(const Dimensions& dimensions) : dimensions_(dimensions) {}

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
