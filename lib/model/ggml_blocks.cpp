#include "model/ggml_blocks.h"

#include <cstdint>
#include <cstring>

namespace npuscribe::ggml {
namespace {

constexpr size_t kHalf = kBlockSize / 2;

float half_at(const std::byte* source) {
    uint16_t bits = 0;
    std::memcpy(&bits, source, sizeof bits);
    return f16_to_f32(bits);
}

void block_of_bytes(const std::byte* source, float* out) {
    const float scale = half_at(source);
    int8_t quants[kBlockSize];
    std::memcpy(quants, source + 2, sizeof quants);
    for (size_t i = 0; i < kBlockSize; ++i) out[i] = scale * static_cast<float>(quants[i]);
}

// Nibbles, with a fifth bit or without; with a minimum of their own, or counted from the middle of the range.
template <bool kFifthBit, bool kMinimum>
void block_of_nibbles(const std::byte* source, float* out) {
    const float scale = half_at(source);
    source += 2;
    float minimum = 0;
    if constexpr (kMinimum) {
        minimum = half_at(source);
        source += 2;
    }
    uint32_t high = 0;
    if constexpr (kFifthBit) {
        std::memcpy(&high, source, sizeof high);
        source += sizeof high;
    }
    constexpr int kMiddle = kMinimum ? 0 : kFifthBit ? 16 : 8;
    uint8_t nibbles[kHalf];
    std::memcpy(nibbles, source, sizeof nibbles);
    for (size_t i = 0; i < kHalf; ++i) {
        int low = nibbles[i] & 0x0F;
        int upper = nibbles[i] >> 4;
        if constexpr (kFifthBit) {
            low |= static_cast<int>(high >> i & 1U) << 4;
            upper |= static_cast<int>(high >> (i + kHalf) & 1U) << 4;
        }
        out[i] = scale * static_cast<float>(low - kMiddle) + minimum;
        out[i + kHalf] = scale * static_cast<float>(upper - kMiddle) + minimum;
    }
}

template <void (*kBlock)(const std::byte*, float*)>
void blocks(DType dtype, const std::byte* source, float* out, size_t count) {
    const size_t bytes = block_bytes(dtype);
    for (size_t i = 0; i < count; i += kBlockSize, source += bytes) kBlock(source, out + i);
}

}  // namespace

bool is_blocks(DType dtype) {
    return block_bytes(dtype) != 0;
}

size_t block_bytes(DType dtype) {
    switch (dtype) {
        case DType::q8_0:
            return 2 + kBlockSize;
        case DType::q5_0:
            return 2 + 4 + kHalf;
        case DType::q5_1:
            return 4 + 4 + kHalf;
        case DType::q4_0:
            return 2 + kHalf;
        case DType::q4_1:
            return 4 + kHalf;
        default:
            return 0;
    }
}

void dequantise(DType dtype, const std::byte* source, float* out, size_t count) {
    switch (dtype) {
        case DType::q8_0:
            return blocks<block_of_bytes>(dtype, source, out, count);
        case DType::q5_0:
            return blocks<block_of_nibbles<true, false>>(dtype, source, out, count);
        case DType::q5_1:
            return blocks<block_of_nibbles<true, true>>(dtype, source, out, count);
        case DType::q4_0:
            return blocks<block_of_nibbles<false, false>>(dtype, source, out, count);
        case DType::q4_1:
            return blocks<block_of_nibbles<false, true>>(dtype, source, out, count);
        default:
            return;
    }
}

}  // namespace npuscribe::ggml
