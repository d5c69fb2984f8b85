#include "ggml_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "audio/mel_filters.h"

namespace npuscribe::test {
namespace {

constexpr size_t kBlock = 32;
constexpr size_t kHalf = kBlock / 2;

template <class T>
void append(std::string& bytes, T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes.append(raw, sizeof value);
}

// The high bits if there are five, then two nibbles in each byte: value i and value i + 16.
void append_nibbles(std::string& bytes, const uint8_t (&quants)[kBlock], bool five_bits) {
    if (five_bits) {
        uint32_t high = 0;
        for (size_t i = 0; i < kBlock; ++i) high |= static_cast<uint32_t>(quants[i] >> 4) << i;
        append(bytes, high);
    }
    for (size_t i = 0; i < kHalf; ++i)
        bytes += static_cast<char>((quants[i] & 0x0F) | (quants[i + kHalf] & 0x0F) << 4);
}

void append_q8(std::string& bytes, std::span<const float> x) {
    float largest = 0;
    for (const float value : x) largest = std::max(largest, std::fabs(value));
    const float scale = largest / 127;
    const float inverse = scale != 0 ? 1 / scale : 0;
    append(bytes, round_to_f16(scale));
    for (const float value : x) append(bytes, static_cast<int8_t>(std::round(value * inverse)));
}

// q4_0, q5_0: the value of the largest magnitude becomes -8 or -16.
void append_centred(std::string& bytes, std::span<const float> x, int bits) {
    const int middle = 1 << (bits - 1);
    float largest = 0;
    for (const float value : x) {
        if (std::fabs(value) > std::fabs(largest)) largest = value;
    }
    const float scale = largest / static_cast<float>(-middle);
    const float inverse = scale != 0 ? 1 / scale : 0;
    append(bytes, round_to_f16(scale));
    uint8_t quants[kBlock];
    for (size_t i = 0; i < kBlock; ++i) {
        const auto q = static_cast<int>(x[i] * inverse + static_cast<float>(middle) + 0.5F);
        quants[i] = static_cast<uint8_t>(std::min(q, 2 * middle - 1));
    }
    append_nibbles(bytes, quants, bits == 5);
}

// q4_1, q5_1: from the least value up.
void append_from_minimum(std::string& bytes, std::span<const float> x, int bits) {
    const auto [least, most] = std::minmax_element(x.begin(), x.end());
    const int steps = (1 << bits) - 1;
    const float scale = (*most - *least) / static_cast<float>(steps);
    const float inverse = scale != 0 ? 1 / scale : 0;
    append(bytes, round_to_f16(scale));
    append(bytes, round_to_f16(*least));
    uint8_t quants[kBlock];
    for (size_t i = 0; i < kBlock; ++i) {
        const auto q = static_cast<int>((x[i] - *least) * inverse + 0.5F);
        quants[i] = static_cast<uint8_t>(std::min(q, steps));
    }
    append_nibbles(bytes, quants, bits == 5);
}

void append_block(std::string& bytes, DType dtype, std::span<const float> x) {
    switch (dtype) {
        case DType::q8_0:
            return append_q8(bytes, x);
        case DType::q5_0:
            return append_centred(bytes, x, 5);
        case DType::q5_1:
            return append_from_minimum(bytes, x, 5);
        case DType::q4_0:
            return append_centred(bytes, x, 4);
        case DType::q4_1:
            return append_from_minimum(bytes, x, 4);
        default:
            throw std::runtime_error("ggml has no type " + std::string(name(dtype)) + " here");
    }
}

struct Numbers {
    int32_t of_type;   // ggml_type
    int32_t of_model;  // ggml_ftype
};

Numbers numbers(DType dtype) {
    constexpr int32_t kVersion = 2000;
    switch (dtype) {
        case DType::f32:
            return {0, 0};
        case DType::f16:
            return {1, 1};
        case DType::q4_0:
            return {2, kVersion + 2};
        case DType::q4_1:
            return {3, kVersion + 3};
        case DType::q5_0:
            return {6, kVersion + 8};
        case DType::q5_1:
            return {7, kVersion + 9};
        case DType::q8_0:
            return {8, kVersion + 7};
        default:
            throw std::runtime_error("ggml has no type " + std::string(name(dtype)) + " here");
    }
}

void append_size(std::string& bytes, size_t size) {
    append(bytes, static_cast<int32_t>(size));
}

void append_mel_filters(std::string& bytes, size_t n_mels) {
    constexpr size_t kBins = 201;
    append_size(bytes, n_mels);
    append_size(bytes, kBins);
    for (const audio::MelBand& band : audio::mel_filters(n_mels, 2 * (kBins - 1), 16000)) {
        std::vector<float> row(kBins);
        std::copy(band.weights.begin(), band.weights.end(),
                  row.begin() + static_cast<std::ptrdiff_t>(band.first_bin));
        for (const float weight : row) append(bytes, weight);
    }
}

std::string head(const Dimensions& d, DType dtype, const std::vector<std::string>& tokens) {
    std::string bytes = "lmgg";
    for (const size_t size : {d.n_vocab, d.n_audio_ctx, d.n_audio_state, d.n_audio_head, d.n_audio_layer,
                              d.n_text_ctx, d.n_text_state, d.n_text_head, d.n_text_layer, d.n_mels})
        append_size(bytes, size);
    append(bytes, numbers(dtype).of_model);
    append_mel_filters(bytes, d.n_mels);
    append_size(bytes, tokens.size());
    for (const std::string& token : tokens) {
        append_size(bytes, token.size());
        bytes += token;
    }
    return bytes;
}

DType type_of(const NamedShape& tensor, DType of_matrices) {
    if (tensor.shape.size() == 1 || tensor.name.ends_with("positional_embedding")) return DType::f32;
    if (tensor.shape.size() == 3 && of_matrices != DType::f32) return DType::f16;
    return of_matrices;
}

}  // namespace

uint16_t round_to_f16(float value) {
    const auto sign = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16 & 0x8000U);
    const float magnitude = std::fabs(value);
    if (magnitude == 0) return sign;
    const int exponent = std::max(std::ilogb(magnitude), -14);
    // In units of the last place, of which a normal number has 1024 to 2047. A carry out of them makes the
    // next exponent, and a subnormal number has none.
    const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
    return static_cast<uint16_t>(sign | ((static_cast<uint32_t>(exponent + 14) << 10) + units));
}

std::string ggml_bytes(DType dtype, std::span<const float> values) {
    std::string bytes;
    if (dtype == DType::f32) {
        for (const float value : values) append(bytes, value);
    } else if (dtype == DType::f16) {
        for (const float value : values) append(bytes, round_to_f16(value));
    } else {
        for (size_t i = 0; i < values.size(); i += kBlock)
            append_block(bytes, dtype, values.subspan(i, kBlock));
    }
    return bytes;
}

void write_ggml(const std::filesystem::path& path, const Dimensions& dimensions, DType dtype,
                const std::vector<std::string>& tokens, const TensorValues& values) {
    std::ofstream out(path, std::ios::binary);
    const auto write = [&](const std::string& bytes) {
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    };
    write(head(dimensions, dtype, tokens));
    for (const NamedShape& tensor : whisper_tensors(dimensions)) {
        const DType type = type_of(tensor, dtype);
        std::vector<size_t> shape = tensor.shape;
        if (tensor.name.starts_with("encoder.conv") && shape.size() == 1) shape.push_back(1);
        std::string bytes;
        append_size(bytes, shape.size());
        append_size(bytes, tensor.name.size());
        append(bytes, numbers(type).of_type);
        for (size_t i = shape.size(); i-- > 0;) append_size(bytes, shape[i]);
        write(bytes + tensor.name + ggml_bytes(type, values(tensor)));
    }
    out.close();
    if (!out) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace npuscribe::test
