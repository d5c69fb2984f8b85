// Silero's weights out of a safetensors file: 8 bytes length of a JSON header, the header, the tensors.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <vector>

#include "audio/vad.h"
#include "audio/vad_kernel.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr uintmax_t kLargestFile = uintmax_t{64} << 20;  // Silero's has 1.2 MB

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw ModelError(path.string() + " is not Silero's voice activity model for 16 kHz: " + why +
                     "; fetch silero_vad_16k.safetensors again");
}

class Tensors {
  public:
    explicit Tensors(const std::filesystem::path& path) : path_(path) {
        std::error_code error;
        const uintmax_t size = std::filesystem::file_size(path, error);
        if (error) throw ModelError("cannot open " + path.string() + ": " + error.message());
        if (size < sizeof(uint64_t) || size > kLargestFile)
            refuse(path_, "its size is " + std::to_string(size));
        bytes_.resize(size);
        std::ifstream file(path, std::ios::binary);
        if (!file.read(bytes_.data(), static_cast<std::streamsize>(size))) {
            throw ModelError("cannot read " + path.string());
        }
        uint64_t length = 0;
        std::memcpy(&length, bytes_.data(), sizeof length);
        if (length > size - sizeof length) refuse(path_, "its header is longer than the file");
        data_ = sizeof length + length;
        header_ = nlohmann::json::parse(bytes_.data() + sizeof length, bytes_.data() + data_, nullptr, false);
        if (!header_.is_object()) refuse(path_, "its header is not JSON");
    }

    /// The values of an f32 tensor of exactly this shape.
    std::vector<float> get(const std::string& name, const std::vector<size_t>& shape) const {
        size_t count = 1;
        for (const size_t n : shape) count *= n;
        try {
            const auto& entry = header_.at(name);
            const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
            if (entry.at("dtype") != "F32" || entry.at("shape").get<std::vector<size_t>>() != shape) {
                refuse(path_, "its tensor " + name + " has another type or shape");
            }
            const uint64_t available = bytes_.size() - data_;
            if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > available ||
                offsets[1] - offsets[0] != count * sizeof(float)) {
                refuse(path_, "its tensor " + name + " lies outside the file");
            }
            std::vector<float> values(count);
            std::memcpy(values.data(), bytes_.data() + data_ + offsets[0], count * sizeof(float));
            for (const float value : values) {
                if (!std::isfinite(value))
                    refuse(path_, "its tensor " + name + " has values that are not finite");
            }
            return values;
        } catch (const nlohmann::json::exception&) {
            refuse(path_, "it has no proper tensor " + name);
        }
    }

  private:
    std::filesystem::path path_;
    std::vector<char> bytes_;
    size_t data_ = 0;
    nlohmann::json header_;
};

Buffer<float> buffer_of(const std::vector<float>& values) {
    Buffer<float> buffer(values.size());
    std::copy(values.begin(), values.end(), buffer.begin());
    return buffer;
}

/// [outputs × inputs × 3], as PyTorch has it, to [3 × inputs × outputs].
VadConv convolution(const Tensors& tensors, const std::string& name, size_t outputs, size_t inputs) {
    const auto weights = tensors.get(name + ".weight", {outputs, inputs, 3});
    VadConv conv{inputs, outputs, Buffer<float>(weights.size()),
                 buffer_of(tensors.get(name + ".bias", {outputs}))};
    for (size_t o = 0; o < outputs; ++o) {
        for (size_t i = 0; i < inputs; ++i) {
            for (size_t t = 0; t < 3; ++t) {
                conv.weights[(t * inputs + i) * outputs + o] = weights[(o * inputs + i) * 3 + t];
            }
        }
    }
    return conv;
}

/// The STFT is stored as a convolution. It must be the Hann-windowed DFT, for an FFT takes its place here.
void check_stft(const Tensors& tensors, const std::filesystem::path& path,
                const std::array<float, 256>& window) {
    const auto basis = tensors.get("stft_conv.weight", {2 * kVadBins, 1, 256});
    for (size_t k = 0; k < kVadBins; ++k) {
        for (size_t n = 0; n < 256; ++n) {
            const double phase = 2 * std::numbers::pi * static_cast<double>(k * n % 256) / 256.0;
            const double cosine = window[n] * std::cos(phase);
            const double sine = -window[n] * std::sin(phase);
            if (std::abs(basis[k * 256 + n] - cosine) > 1e-5 ||
                std::abs(basis[(kVadBins + k) * 256 + n] - sine) > 1e-5) {
                refuse(path, "its STFT is not a Hann-windowed DFT of 256 points");
            }
        }
    }
}

/// [512 × 128] to [512/kGateBlock × 128 × kGateBlock].
Buffer<float> blocked(const std::vector<float>& weights, size_t block) {
    Buffer<float> out(weights.size());
    for (size_t gate = 0; gate < kVadGates; ++gate) {
        for (size_t k = 0; k < kVadState; ++k) {
            out[(gate / block * kVadState + k) * block + gate % block] = weights[gate * kVadState + k];
        }
    }
    return out;
}

}  // namespace

VadModel::VadModel(const std::filesystem::path& path) : weights_(std::make_unique<Weights>()) {
    const Tensors tensors(path);
    Weights& w = *weights_;
    check_stft(tensors, path, w.window);
    w.conv1 = convolution(tensors, "conv1", 128, kVadBins);
    w.conv2 = convolution(tensors, "conv2", 64, 128);
    w.conv3 = convolution(tensors, "conv3", 64, 64);
    w.conv4 = convolution(tensors, "conv4", 128, 64);
    w.lstm_input = blocked(tensors.get("lstm_cell.weight_ih", {kVadGates, kVadState}), kVadGates);
    w.lstm_recurrent = blocked(tensors.get("lstm_cell.weight_hh", {kVadGates, kVadState}), kGateBlock);
    w.lstm_bias = buffer_of(tensors.get("lstm_cell.bias_ih", {kVadGates}));
    const auto second_bias = tensors.get("lstm_cell.bias_hh", {kVadGates});
    for (size_t i = 0; i < kVadGates; ++i) w.lstm_bias[i] += second_bias[i];
    w.out_weights = buffer_of(tensors.get("final_conv.weight", {1, kVadState, 1}));
    w.out_bias = tensors.get("final_conv.bias", {1})[0];
}
VadModel::~VadModel() = default;
VadModel::VadModel(VadModel&&) noexcept = default;

}  // namespace npuscribe::audio
