#pragma once
// The weights of a linear on a CPU that multiplies BFP16 blocks: panels of its own, or a file's panels in
// place.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "bfp16/panels.h"
#include "device/device.h"

namespace npuscribe {

class ThreadPool;

class PanelWeights {
  public:
    /// Rounds W, K padded with zeros to whole blocks. Throws ModelError if it holds Inf, NaN or 2^111 and
    /// more, naming row and column, or does not fit its bias.
    PanelWeights(const LinearWeights&, bfp16::Rounding, ThreadPool&);
    /// Keeps the panels where they are. Throws ModelError as check_blocks does.
    PanelWeights(const BlockWeights&, ThreadPool&);

    const std::string& name() const { return name_; }
    size_t n() const { return n_; }
    size_t k() const { return k_; }
    size_t padded_k() const { return bfp16::padded(k_); }
    const uint8_t* data() const { return panels_; }
    const bfp16::ExponentRange& exponents() const { return exponents_; }
    /// The biases from this output feature on, or null if there are none.
    const float* bias_of(size_t column) const { return bias_.empty() ? nullptr : bias_.data() + column; }

  private:
    std::string name_;
    size_t n_, k_;
    std::vector<float> bias_;
    Buffer<uint8_t> own_;
    const uint8_t* panels_;
    bfp16::ExponentRange exponents_;
};

}  // namespace npuscribe
