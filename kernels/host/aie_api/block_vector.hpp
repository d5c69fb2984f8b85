// SPDX-License-Identifier: MIT
#pragma once
// Block vectors of bfp16ebs8 and the streams that read them. In memory 64 values are 72 bytes, eight blocks
// of an exponent and eight mantissas; a vector holds them decoded as far as the multiplier wants it:
// mantissas as whole numbers in f32, exponents as powers of two.

#include <cstdint>
#include <cstring>

#include "misuse.hpp"

/// One block in memory. On the array its sizeof says nothing of its layout: streams count in whole vectors.
struct bfp16ebs8 {
    std::uint8_t bytes[9];
};

namespace aie {
inline namespace NPUSCRIBE_HOST_ABI {

namespace host {

// GCC's vector extension: one 256-bit register where the CPU has it, two of 128 bits where not.
using Floats = float __attribute__((vector_size(32)));
using Ints = std::int32_t __attribute__((vector_size(32)));
using Bytes = std::int8_t __attribute__((vector_size(8)));

/// 2^(exponent − 133): what one unit of a mantissa is worth. Subnormal below 7, and exact there too.
inline float unit(unsigned exponent) {
    const std::uint32_t bits = exponent >= 7 ? (exponent - 6) << 23 : 1U << (exponent + 16);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace host

template <class T, unsigned kSize>
class block_vector;

template <>
class block_vector<bfp16ebs8, 64> {
  public:
    using value_type = bfp16ebs8;
    static constexpr unsigned size() { return 64; }
    static constexpr unsigned memory_bytes() { return 72; }

    alignas(32) float mantissas[8][8];  // [row][k]
    float units[8];
    std::uint8_t exponents[8];
};

/// B of a product, to be read as its transpose.
template <class V>
struct transposed;

template <>
struct transposed<block_vector<bfp16ebs8, 64>> {
    host::Floats mantissas[8];  // [k], 8 columns of C
    host::Floats units;
};

inline transposed<block_vector<bfp16ebs8, 64>> op_transpose(const block_vector<bfp16ebs8, 64>& v) {
    host::Floats rows[8], pairs[8], quads[8];
    std::memcpy(rows, v.mantissas, sizeof rows);
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int j = i; j < i + 2; ++j) {
            quads[j] = __builtin_shufflevector(pairs[j], pairs[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            quads[j + 2] = __builtin_shufflevector(pairs[j], pairs[j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    transposed<block_vector<bfp16ebs8, 64>> out;
    for (int j = 0; j < 4; ++j) {
        out.mantissas[j] = __builtin_shufflevector(quads[j], quads[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        out.mantissas[j + 4] = __builtin_shufflevector(quads[j], quads[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    std::memcpy(&out.units, v.units, sizeof out.units);
    return out;
}

namespace host {

/// Streams of a core that are in use. Each has its state in one of two registers.
inline thread_local int live_streams = 0;
inline constexpr int kLoadFifos = 2;

}  // namespace host

template <class T, unsigned kSize>
class block_vector_input_buffer_stream;

/// Refuses what the array does wrong. From mlir-aie's notes on its own kernel, and aie_api's issue 17: after
/// a pop that did not move on, pop_seek reads other blocks if it moves by an odd number, or if that pop read
/// the last block of eight. A pop_seek after another, or after seek, is right in any case.
template <>
class block_vector_input_buffer_stream<bfp16ebs8, 64> {
  public:
    using vector_type = block_vector<bfp16ebs8, 64>;

    block_vector_input_buffer_stream(const bfp16ebs8* from) : from_(from->bytes) {
        host::check_aligned(from_, 64);
        if (host::live_streams == host::kLoadFifos) host::refuse("a third stream: a core has two load FIFOs");
        ++host::live_streams;
    }
    ~block_vector_input_buffer_stream() { --host::live_streams; }
    block_vector_input_buffer_stream(const block_vector_input_buffer_stream&) = delete;
    block_vector_input_buffer_stream& operator=(const block_vector_input_buffer_stream&) = delete;

    /// Moves by whole vectors.
    void seek(int vectors) {
        next_ += vectors;
        popped_ = false;
    }

    vector_type pop() {
        popped_ = true;
        return read(next_++);
    }

    /// Pops, and moves by whole vectors from after the popped one.
    vector_type pop_seek(int vectors) {
        if (popped_ && vectors % 2 != 0) host::refuse("a pop_seek by an odd number after a pop");
        if (popped_ && (next_ - 1) % 8 == 7)
            host::refuse("a pop_seek after a pop of the last block of eight");
        const int at = next_;
        seek(vectors + 1);
        return read(at);
    }

  private:
    vector_type read(int block) const {
        const std::uint8_t* at = from_ + block * static_cast<int>(vector_type::memory_bytes());
        vector_type v;
        for (int row = 0; row < 8; ++row, at += sizeof(bfp16ebs8)) {
            v.units[row] = host::unit(at[0]);
            v.exponents[row] = at[0];
            host::Bytes bytes;
            std::memcpy(&bytes, at + 1, sizeof bytes);
            const host::Floats values =
                __builtin_convertvector(__builtin_convertvector(bytes, host::Ints), host::Floats);
            std::memcpy(v.mantissas[row], &values, sizeof values);
        }
        return v;
    }

    const std::uint8_t* from_;
    int next_ = 0;
    bool popped_ = false;  // the last move was a pop's
};

template <class T, unsigned kSize>
class block_vector_output_buffer_stream;

template <>
class block_vector_output_buffer_stream<bfp16ebs8, 64> {
  public:
    explicit block_vector_output_buffer_stream(bfp16ebs8* to) : to_(to->bytes) {
        host::check_aligned(to_, 64);
    }

    void push(const block_vector<bfp16ebs8, 64>& v) {
        for (int row = 0; row < 8; ++row, to_ += sizeof(bfp16ebs8)) {
            to_[0] = v.exponents[row];
            for (int k = 0; k < 8; ++k)
                to_[1 + k] = static_cast<std::uint8_t>(static_cast<int>(v.mantissas[row][k]));
        }
    }

  private:
    std::uint8_t* to_;
};

}  // namespace NPUSCRIBE_HOST_ABI
}  // namespace aie
