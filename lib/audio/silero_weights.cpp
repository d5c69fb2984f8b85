// Reads Silero's weights from a safetensors file: the length of a JSON header in 8 bytes, the header, the
// tensors.

#include <fmt/format.h>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "audio/silero_kernel.h"
#include "audio/silero_vad.h"
#include "base/eigen.h"
#include "base/error.h"
#include "base/mapped_file.h"

namespace npuscribe::audio {
namespace {

constexpr size_t kLargestFile = size_t{64} << 20;  // Silero's has 1.2 MB

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw ModelError(
        fmt::format("{} is not Silero's voice activity model for 16 kHz: {}; fetch "
                    "silero_vad_16k.safetensors again",
                    path.string(), why));
}

class Tensors {
  public:
    explicit Tensors(const std::filesystem::path& path) : path_(path), file_(path) {
        const std::span<const std::byte> bytes = file_.bytes();
        if (bytes.size() < sizeof(uint64_t) || bytes.size() > kLargestFile)
            refuse(path_, fmt::format("its size is {} bytes", bytes.size()));
        file_.prefetch(bytes);
        uint64_t length = 0;
        std::memcpy(&length, bytes.data(), sizeof length);
        if (length > bytes.size() - sizeof length) refuse(path_, "its header is longer than the file");
        data_ = bytes.subspan(sizeof length + length);
        const auto* text = reinterpret_cast<const char*>(bytes.data()) + sizeof length;
        header_ = nlohmann::json::parse(text, text + length, nullptr, false);
        if (!header_.is_object()) refuse(path_, "its header is not JSON");
    }

    /// The values of an f32 tensor of exactly this shape: a row for each of its first dimension.
    EigenMatrix<float> get(const std::string& name, const std::vector<size_t>& shape) const {
        size_t cols = 1;
        for (size_t i = 1; i < shape.size(); ++i) cols *= shape[i];
        EigenMatrix<float> values(shape[0], cols);
        const auto bytes = static_cast<size_t>(values.size()) * sizeof(float);
        try {
            const auto& entry = header_.at(name);
            const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
            if (entry.at("dtype") != "F32" || entry.at("shape").get<std::vector<size_t>>() != shape) {
                refuse(path_, fmt::format("its tensor {} has another type or shape", name));
            }
            if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_.size() ||
                offsets[1] - offsets[0] != bytes) {
                refuse(path_, fmt::format("its tensor {} lies outside the file", name));
            }
            std::memcpy(values.data(), data_.data() + offsets[0], bytes);  // at any address in the file
            if (!values.allFinite())
                refuse(path_, fmt::format("its tensor {} has values that are not finite", name));
            return values;
        } catch (const nlohmann::json::exception&) {
            refuse(path_, fmt::format("it has no proper tensor {}", name));
        }
    }

  private:
    std::filesystem::path path_;
    MappedFile file_;
    std::span<const std::byte> data_;
    nlohmann::json header_;
};

/// A matrix expression as the kernels take it, row by row.
template <class Expression>
Buffer<float> buffer_of(const Eigen::MatrixBase<Expression>& values) {
    Buffer<float> buffer(static_cast<size_t>(values.size()));
    Eigen::Map<EigenMatrix<float>>(buffer.data(), values.rows(), values.cols()) = values;
    return buffer;
}

/// [outputs × inputs × 3], as PyTorch has it, to [3 × inputs × outputs].
SileroConv convolution(const Tensors& tensors, const std::string& name, size_t outputs, size_t inputs) {
    const EigenMatrix<float> weights = tensors.get(name + ".weight", {outputs, inputs, 3});
    SileroConv conv{inputs, outputs, Buffer<float>(3 * inputs * outputs),
                    buffer_of(tensors.get(name + ".bias", {outputs}))};
    const auto columns = static_cast<Eigen::Index>(inputs);
    for (Eigen::Index tap = 0; tap < 3; ++tap) {
        as_eigen(conv.weights.matrix(3 * inputs, outputs)).middleRows(tap * columns, columns) =
            weights(Eigen::all, Eigen::seqN(tap, columns, 3)).transpose();
    }
    return conv;
}

/// The STFT is stored as a convolution. It must be the Hann-windowed DFT, because an FFT takes its place
/// here.
void check_stft(const Tensors& tensors, const std::filesystem::path& path,
                const std::array<float, kSileroStft>& window) {
    std::array<float, kSileroStft> cosines{};  // of all phases that occur; a sine is a cosine 90° later
    for (size_t i = 0; i < kSileroStft; ++i)
        cosines[i] =
            static_cast<float>(std::cos(2 * std::numbers::pi * static_cast<double>(i) / kSileroStft));
    const auto dft = [&](Eigen::Index row, Eigen::Index n) {
        const auto bin = static_cast<size_t>(row), sample = static_cast<size_t>(n);
        if (bin < kSileroBins) return window[sample] * cosines[bin * sample % kSileroStft];
        const size_t phase = (bin - kSileroBins) * sample + 3 * kSileroStft / 4;
        return -window[sample] * cosines[phase % kSileroStft];
    };
    const EigenMatrix<float> basis = tensors.get("stft_conv.weight", {2 * kSileroBins, 1, kSileroStft});
    const auto expected = EigenMatrix<float>::NullaryExpr(basis.rows(), basis.cols(), dft);
    if ((basis - expected).lpNorm<Eigen::Infinity>() > 1e-5F)
        refuse(path, "its STFT is not a Hann-windowed DFT of 256 points");
}

/// [512 × 128] to [512/block × 128 × block].
Buffer<float> blocked(const EigenMatrix<float>& weights, size_t block) {
    Buffer<float> out(static_cast<size_t>(weights.size()));
    for (size_t gate = 0; gate < kSileroGates; gate += block) {
        as_eigen(MatrixView<float>(out.data() + gate * kSileroState, kSileroState, block)) =
            weights.middleRows(static_cast<Eigen::Index>(gate), static_cast<Eigen::Index>(block)).transpose();
    }
    return out;
}

}  // namespace

SileroVad::SileroVad(const std::filesystem::path& path) : weights_(std::make_unique<Weights>()) {
    const Tensors tensors(path);
    Weights& w = *weights_;
    check_stft(tensors, path, w.window);
    w.conv1 = convolution(tensors, "conv1", 128, kSileroBins);
    w.conv2 = convolution(tensors, "conv2", 64, 128);
    w.conv3 = convolution(tensors, "conv3", 64, 64);
    w.conv4 = convolution(tensors, "conv4", 128, 64);
    w.lstm_input = blocked(tensors.get("lstm_cell.weight_ih", {kSileroGates, kSileroState}), kSileroGates);
    w.lstm_recurrent = blocked(tensors.get("lstm_cell.weight_hh", {kSileroGates, kSileroState}), kGateBlock);
    w.lstm_bias = buffer_of(tensors.get("lstm_cell.bias_ih", {kSileroGates}) +
                            tensors.get("lstm_cell.bias_hh", {kSileroGates}));
    w.out_weights = buffer_of(tensors.get("final_conv.weight", {1, kSileroState, 1}));
    w.out_bias = tensors.get("final_conv.bias", {1})(0);
}
SileroVad::~SileroVad() = default;

}  // namespace npuscribe::audio
