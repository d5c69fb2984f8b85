#include "encoder/conv_stem.h"

#include <algorithm>
#include <string>
#include <vector>

namespace npuscribe {
namespace {

constexpr size_t kKernel = 3;

/// A convolution's weight [out × in × 3] as a linear's [out × (3·in)]: frame by frame, as rows of memory have
/// it.
std::unique_ptr<Linear> load_convolution(const Checkpoint& checkpoint, const std::string& name, size_t in,
                                         size_t out, Device& device) {
    const auto bias = checkpoint.read(name + ".bias");
    Buffer<float> by_frame(out * kKernel * in, Pages::huge);
    constexpr size_t kPiece = 64;  // outputs, which stay in the cache
    Buffer<float> piece(kPiece * in * kKernel);
    for (size_t first = 0; first < out; first += kPiece) {
        const size_t count = std::min(kPiece, out - first);
        checkpoint.read_rows(name + ".weight", first, {piece.data(), count * in * kKernel});
        for (size_t o = 0; o < count; ++o) {
            const float* weight = piece.data() + o * in * kKernel;
            float* row = by_frame.data() + (first + o) * kKernel * in;
            for (size_t i = 0; i < in; ++i) {
                for (size_t t = 0; t < kKernel; ++t) row[t * in + i] = weight[i * kKernel + t];
            }
        }
    }
    return device.load({by_frame.matrix(out, kKernel * in), {bias.data(), bias.size()}, name});
}

}  // namespace

ConvStem::ConvStem(const Checkpoint& checkpoint, Device& device)
    : device_(device),
      dimensions_(checkpoint.dimensions()),
      positions_(checkpoint.read("encoder.positional_embedding")) {
    const auto& d = dimensions_;
    conv1_ = load_convolution(checkpoint, "encoder.conv1", d.n_mels, d.n_audio_state, device);
    conv2_ = load_convolution(checkpoint, "encoder.conv2", d.n_audio_state, d.n_audio_state, device);
    operand1_ = device.make_operand(2 * d.n_audio_ctx, kKernel * d.n_mels);
    operand2_ = device.make_operand(d.n_audio_ctx, kKernel * d.n_audio_state);
    padded_mel_ = Buffer<float>((2 * d.n_audio_ctx + 2) * d.n_mels);
    hidden_ = Buffer<float>((2 * d.n_audio_ctx + 2) * d.n_audio_state);
}

void ConvStem::run(MatrixView<const float> mel, MatrixView<float> out) {
    const size_t n_mels = dimensions_.n_mels;
    const size_t state = dimensions_.n_audio_state;
    const size_t n_frames = mel.rows;

    std::fill_n(padded_mel_.data(), n_mels, 0.0F);
    for (size_t t = 0; t < n_frames; ++t)
        std::copy_n(mel.row(t), n_mels, padded_mel_.data() + (t + 1) * n_mels);
    std::fill_n(padded_mel_.data() + (n_frames + 1) * n_mels, n_mels, 0.0F);
    device_.prepare({padded_mel_.data(), n_frames, kKernel * n_mels, n_mels}, nullptr, *operand1_);

    std::fill_n(hidden_.data(), state, 0.0F);
    conv1_->submit(*operand1_, {hidden_.data() + state, n_frames, state}, Epilogue::gelu).wait();
    std::fill_n(hidden_.data() + (n_frames + 1) * state, state, 0.0F);

    device_.prepare({hidden_.data(), n_frames / 2, kKernel * state, 2 * state}, nullptr, *operand2_);
    conv2_->submit(*operand2_, out, Epilogue::gelu).wait();
    for (size_t t = 0; t < out.rows; ++t) {
        float* row = out.row(t);
        const float* position = positions_.data() + t * state;
        for (size_t i = 0; i < state; ++i) row[i] += position[i];
    }
}

}  // namespace npuscribe
