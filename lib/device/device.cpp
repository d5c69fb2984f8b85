#include "device/device.h"

#include <utility>

#include "base/buffer.h"
#include "device/checks.h"
#include "simd/rows/blocks.h"

namespace npuscribe {
namespace {

class PlainFeedForward final : public FeedForward {
  public:
    PlainFeedForward(std::unique_ptr<Linear> first, std::unique_ptr<Linear> second)
        : first_(std::move(first)), second_(std::move(second)) {}

    Run submit(const Operand& x, Operand& inner, MatrixView<float> y) override {
        first_->submit(x, inner, Epilogue::gelu).wait();
        return second_->submit(inner, y, Epilogue::add_residual);
    }

  private:
    std::unique_ptr<Linear> first_, second_;
};

}  // namespace

std::unique_ptr<Linear> Device::load_blocks(const BlockWeights& weights) {
    check_blocks(weights);
    Buffer<float> values(weights.n * weights.k);
    simd::restore_panels(weights.panels.data(), 0, values.matrix(weights.n, weights.k));
    return load({values.matrix(weights.n, weights.k), weights.bias, weights.name, weights.sums});
}

std::unique_ptr<FeedForward> Device::chain(std::unique_ptr<Linear> first, std::unique_ptr<Linear> second) {
    return std::make_unique<PlainFeedForward>(std::move(first), std::move(second));
}

}  // namespace npuscribe
