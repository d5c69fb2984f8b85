// SPDX-License-Identifier: MIT
#pragma once
// aie::accum, and the products of vectors and of matrices (aie::mmul) that the kernels use.
//
// bfp16 × bfp16 → f32: the eight products of two blocks are added as whole numbers, which is exact (at most
// 18 bits), and scaled by both exponents, which is exact except for results below 2^-126. One f32 addition,
// rounded to nearest even, then adds them to the accumulator. So K is summed in order, eight products at a
// time, with the same bits on every CPU. int8 × int8 → int32 is exact.

#include <algorithm>
#include <bit>
#include <type_traits>

#include "block_vector.hpp"
#include "rounding.hpp"
#include "vector.hpp"

struct accfloat {};
struct acc32 {};
struct accauto {};

namespace aie {
inline namespace NPUSCRIBE_HOST_ABI {

namespace host {

/// 64 sums of type Sum, in eight registers.
template <class Register, class Sum>
struct Accumulator {
    Register rows[8];

    Accumulator() = default;
    explicit Accumulator(const vector<Sum, 64>& v) { std::memcpy(rows, v.lanes, sizeof rows); }
    /// float or int32 as they are, bfloat16 and bfp16ebs8 rounded.
    template <class T>
    auto to_vector() const {
        if constexpr (std::is_same_v<T, bfp16ebs8>) {
            return to_blocks();
        } else {
            vector<T, 64> v;
            if constexpr (std::is_same_v<T, bfloat16>) {
                const float* from = reinterpret_cast<const float*>(rows);
                for (int i = 0; i < 64; ++i) v.lanes[i] = bfloat16(host::unless_floored(from[i]));
            } else {
                static_assert(sizeof v.lanes == sizeof rows);
                std::memcpy(v.lanes, rows, sizeof rows);
            }
            return v;
        }
    }

  private:
    /// Eight lanes are a block. Its exponent is that of its largest magnitude, and mantissas that round up to
    /// 128 stay 127: what the array does then is not known.
    block_vector<bfp16ebs8, 64> to_blocks() const {
        constexpr double kWhole = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to a whole number
        block_vector<bfp16ebs8, 64> out;
        for (int row = 0; row < 8; ++row) {
            std::uint32_t largest = 0;
            for (int k = 0; k < 8; ++k) {
                const std::uint32_t bits = std::bit_cast<std::uint32_t>(host::unless_floored(rows[row][k]));
                largest = std::max(largest, bits & 0x7FFFFFFFU);
            }
            const std::uint32_t exponent = largest >> 23;
            out.exponents[row] = static_cast<std::uint8_t>(exponent);
            out.units[row] = host::unit(exponent);
            // 1 / unit: 2^(133 − exponent).
            const double units_a_one = std::bit_cast<double>(std::uint64_t{1023 + 133 - exponent} << 52);
            for (int k = 0; k < 8; ++k) {
                const double whole = (static_cast<double>(rows[row][k]) * units_a_one + kWhole) - kWhole;
                const double limited = whole > 127 ? 127 : whole < -128 ? -128 : whole;
                out.mantissas[row][k] = exponent == 255 ? 127.0F : static_cast<float>(limited);
            }
        }
        return out;
    }
};

}  // namespace host

template <class Tag, unsigned kSize>
struct accum;

template <>
struct accum<accfloat, 64> : host::Accumulator<host::Floats, float> {
    using Accumulator::Accumulator;
};

template <>
struct accum<acc32, 64> : host::Accumulator<host::Ints, int32> {
    using Accumulator::Accumulator;
};

/// For products of vectors, lane by lane.
template <>
struct accum<accfloat, 16> {
    float lanes[16];

    accum() = default;
    explicit accum(const vector<float, 16>& v) { std::memcpy(lanes, v.lanes, sizeof lanes); }
    template <class T>
    vector<T, 16> to_vector() const {
        vector<T, 16> v;
        for (int i = 0; i < 16; ++i) {
            if constexpr (std::is_same_v<T, bfloat16>) {
                v.lanes[i] = bfloat16(host::unless_floored(lanes[i]));
            } else {
                v.lanes[i] = lanes[i];
            }
        }
        return v;
    }
};

/// A product of two bfloat16 is exact in f32; the addition rounds to nearest even.
inline accum<accfloat, 16> mac(const accum<accfloat, 16>& sum, const vector<bfloat16, 16>& a,
                               const vector<bfloat16, 16>& b) {
    accum<accfloat, 16> out;
    for (int i = 0; i < 16; ++i)
        out.lanes[i] = sum.lanes[i] + static_cast<float>(a.lanes[i]) * static_cast<float>(b.lanes[i]);
    return out;
}
inline accum<accfloat, 16> msc(const accum<accfloat, 16>& sum, const vector<bfloat16, 16>& a,
                               const vector<bfloat16, 16>& b) {
    accum<accfloat, 16> out;
    for (int i = 0; i < 16; ++i)
        out.lanes[i] = sum.lanes[i] - static_cast<float>(a.lanes[i]) * static_cast<float>(b.lanes[i]);
    return out;
}

template <unsigned kM, unsigned kK, unsigned kN, class A, class B, class Tag = accauto>
class mmul;

template <class Tag>
class mmul<8, 8, 8, bfp16ebs8, bfp16ebs8, Tag> {
  public:
    using accum_type = accum<accfloat, 64>;
    /// The host can only round to nearest even, so a kernel that has not set this mode gets NaN.
    explicit mmul(const vector<float, 64>& start) : sum_(start) {
        if (get_rounding() == rounding_mode::conv_even) return;
        for (auto& row : sum_.rows) row += __builtin_nanf("");
    }

    /// Not inlined: kernels unroll, and code that fills the instruction cache costs more than a call.
    [[gnu::noinline]] void mac(const block_vector<bfp16ebs8, 64>& a,
                               const transposed<block_vector<bfp16ebs8, 64>>& b) {
        for (int row = 0; row < 8; ++row) {
            const float* left = a.mantissas[row];
            host::Floats dot = left[0] * b.mantissas[0];
            for (int k = 1; k < 8; ++k) dot += left[k] * b.mantissas[k];
            sum_.rows[row] += (dot * a.units[row]) * b.units;
        }
    }
    accum_type to_accum() const { return sum_; }
    template <class T>
    vector<T, 64> to_vector() const {
        return sum_.template to_vector<T>();
    }

  private:
    accum_type sum_;
};

template <class Tag>
class mmul<8, 8, 8, int8, int8, Tag> {
  public:
    using accum_type = accum<acc32, 64>;
    explicit mmul(const vector<int32, 64>& start) : sum_(start) {}

    /// `a` is [8 × K = 8], `b` [K = 8 × 8], both row-major.
    void mac(const vector<int8, 64>& a, const vector<int8, 64>& b) {
        host::Floats columns[8];
        for (int k = 0; k < 8; ++k) columns[k] = widened(b.lanes + 8 * k);
        for (int row = 0; row < 8; ++row) {
            const host::Floats left = widened(a.lanes + 8 * row);
            // Whole numbers of at most 18 bits: f32 adds them exactly, and faster than int32 multiplies.
            host::Floats dot = left[0] * columns[0];
            for (int k = 1; k < 8; ++k) dot += left[k] * columns[k];
            sum_.rows[row] += __builtin_convertvector(dot, host::Ints);
        }
    }
    accum_type to_accum() const { return sum_; }
    template <class T>
    vector<T, 64> to_vector() const {
        return sum_.template to_vector<T>();
    }

  private:
    static host::Floats widened(const int8* from) {
        host::Bytes bytes;
        std::memcpy(&bytes, from, sizeof bytes);
        return __builtin_convertvector(__builtin_convertvector(bytes, host::Ints), host::Floats);
    }
    accum_type sum_;
};

}  // namespace NPUSCRIBE_HOST_ABI
}  // namespace aie
