// Silero's weights out of a safetensors file: 8 bytes length of a JSON header, the header, the tensors.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "audio/silero_kernel.h"
#include "audio/silero_vad.h"
#include "base/error.h"
#include "base/mapped_file.h"

namespace npuscribe::audio {
namespace {

constexpr size_t kLargestFile = size_t{64} << 20;  // Silero's has 1.2 MB

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw ModelError(path.string() + " is not Silero's voice activity model for 16 kHz: " + why +
                     "; fetch silero_vad_16k.safetensors again");
}

/// Floats as they lie in a file, at any address.
class Values {
  public:
    Values(const std::byte* bytes, size_t size) : bytes_(bytes), size_(size) {}
    size_t size() const { return size_; }
    float operator[](size_t i) const {
        float value;
        std::memcpy(&value, bytes_ + i * sizeof value, sizeof value);
        return value;
    }
    bool finite() const {
        bool all = true;  // without a branch for each
        for (size_t i = 0; i < size_; ++i) all &= std::abs((*this)[i]) <= std::numeric_limits<float>::max();
        return all;
    }

  private:
    const std::byte* bytes_;
    size_t size_;
};

class Tensors {
  public:
    explicit Tensors(const std::filesystem::path& path) : path_(path), file_(path) {
        const std::span<const std::byte> bytes = file_.bytes();
        if (bytes.size() < sizeof(uint64_t) || bytes.size() > kLargestFile)
            refuse(path_, "its size is " + std::to_string(bytes.size()));
        file_.prefetch(bytes);
        uint64_t length = 0;
        std::memcpy(&length, bytes.data(), sizeof length);
        if (length > bytes.size() - sizeof length) refuse(path_, "its header is longer than the file");
        data_ = bytes.subspan(sizeof length + length);
        const auto* text = reinterpret_cast<const char*>(bytes.data()) + sizeof length;
        header_ = nlohmann::json::parse(text, text + length, nullptr, false);
        if (!header_.is_object()) refuse(path_, "its header is not JSON");
    }

    /// The values of an f32 tensor of exactly this shape, in place.
    Values get(const std::string& name, const std::vector<size_t>& shape) const {
        size_t count = 1;
        for (const size_t n : shape) count *= n;
        try {
            const auto& entry = header_.at(name);
            const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
            if (entry.at("dtype") != "F32" || entry.at("shape").get<std::vector<size_t>>() != shape) {
                refuse(path_, "its tensor " + name + " has another type or shape");
            }
            if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_.size() ||
                offsets[1] - offsets[0] != count * sizeof(float)) {
                refuse(path_, "its tensor " + name + " lies outside the file");
            }
            const Values values(data_.data() + offsets[0], count);
            if (!values.finite()) refuse(path_, "its tensor " + name + " has values that are not finite");
            return values;
        } catch (const nlohmann::json::exception&) {
            refuse(path_, "it has no proper tensor " + name);
        }
    }

  private:
    std::filesystem::path path_;
    MappedFile file_;
    std::span<const std::byte> data_;
    nlohmann::json header_;
};

Buffer<float> buffer_of(const Values& values) {
    Buffer<float> buffer(values.size());
    for (size_t i = 0; i < values.size(); ++i) buffer[i] = values[i];
    return buffer;
}

/// Column c of `in`, from row `first_row` on as many as a row of `out` holds, becomes row row_of(c) of `out`,
/// [cols × rows]. A cache line of `out` at a time: rows of powers of two would push one another out.
template <class RowOf>
void transpose(const Values& in, size_t first_row, size_t rows, size_t cols, RowOf row_of, float* out) {
    constexpr size_t kLine = kCacheLine / sizeof(float);
    for (size_t r = 0; r < rows; r += kLine) {
        for (size_t c = 0; c < cols; ++c) {
            float* line = out + row_of(c) * rows + r;
            for (size_t i = 0; i < kLine; ++i) line[i] = in[(first_row + r + i) * cols + c];
        }
    }
}

/// [outputs × inputs × 3], as PyTorch has it, to [3 × inputs × outputs].
SileroConv convolution(const Tensors& tensors, const std::string& name, size_t outputs, size_t inputs) {
    const Values weights = tensors.get(name + ".weight", {outputs, inputs, 3});
    SileroConv conv{inputs, outputs, Buffer<float>(weights.size()),
                    buffer_of(tensors.get(name + ".bias", {outputs}))};
    const auto row_of = [&](size_t column) { return column % 3 * inputs + column / 3; };
    transpose(weights, 0, outputs, 3 * inputs, row_of, conv.weights.data());
    return conv;
}

/// The STFT is stored as a convolution. It must be the Hann-windowed DFT, for an FFT takes its place here.
void check_stft(const Tensors& tensors, const std::filesystem::path& path,
                const std::array<float, 256>& window) {
    const Values basis = tensors.get("stft_conv.weight", {2 * kSileroBins, 1, 256});
    std::array<float, 256> cosines{};  // of all phases that there are; a sine is the cosine of 90° less
    for (size_t i = 0; i < 256; ++i)
        cosines[i] = static_cast<float>(std::cos(2 * std::numbers::pi * static_cast<double>(i) / 256.0));
    bool same = true;
    for (size_t k = 0; k < kSileroBins; ++k) {
        for (size_t n = 0; n < 256; ++n) {
            const float cosine = window[n] * cosines[k * n % 256];
            const float sine = -window[n] * cosines[(k * n + 192) % 256];
            same &= std::abs(basis[k * 256 + n] - cosine) <= 1e-5F;
            same &= std::abs(basis[(kSileroBins + k) * 256 + n] - sine) <= 1e-5F;
        }
    }
    if (!same) refuse(path, "its STFT is not a Hann-windowed DFT of 256 points");
}

/// [512 × 128] to [512/block × 128 × block].
Buffer<float> blocked(const Values& weights, size_t block) {
    Buffer<float> out(weights.size());
    for (size_t gate = 0; gate < kSileroGates; gate += block) {
        const auto same = [](size_t column) { return column; };
        transpose(weights, gate, block, kSileroState, same, out.data() + gate * kSileroState);
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
    w.lstm_bias = buffer_of(tensors.get("lstm_cell.bias_ih", {kSileroGates}));
    const Values second_bias = tensors.get("lstm_cell.bias_hh", {kSileroGates});
    for (size_t i = 0; i < kSileroGates; ++i) w.lstm_bias[i] += second_bias[i];
    w.out_weights = buffer_of(tensors.get("final_conv.weight", {1, kSileroState, 1}));
    w.out_bias = tensors.get("final_conv.bias", {1})[0];
}
SileroVad::~SileroVad() = default;

}  // namespace npuscribe::audio
