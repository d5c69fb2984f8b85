#pragma once
// y = x·Wᵀ + b for few rows x: the decoder's matmuls, bound by reading W. W is packed in blocks of 16 output
// features.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "simd/matmul/block_matmul.h"
#include "simd/packing.h"

namespace npuscribe::simd {

/// A weight matrix [n × k] as [n/16][k/2][16][2] bf16, [n/16][k][16] f32, or panels of BFP16
/// (bfp16/panels.h); rows past n are zero. k must be even, of bfp16 a multiple of 8.
class PackedMatrix {
  public:
    PackedMatrix() = default;
    PackedMatrix(size_t n, size_t k, Element element);
    /// Panels that lie elsewhere, and stay there for as long as this lives.
    PackedMatrix(size_t n, size_t k, const uint8_t* panels);

    size_t n() const { return n_; }
    size_t k() const { return k_; }
    size_t blocks() const { return lane_blocks(n_); }
    Element element() const { return element_; }
    size_t size_bytes() const { return size_bytes_; }
    const uint8_t* data() const { return elsewhere_ != nullptr ? elsewhere_ : storage_.data(); }
    const ExponentRange& exponents() const { return exponents_; }

    /// Fills lane block `block` from the weights' rows [16·block, …): at most 16 × k, f32. Blocks may be
    /// filled by several threads at once.
    void pack(size_t block, MatrixView<const float> rows);
    /// The same from bfloat16 bits, into a bf16 matrix.
    void pack(size_t block, MatrixView<const uint16_t> rows);
    /// Rows from `first` on, a multiple of 16, rounded into a bfp16 matrix. Returns the first that BFP16
    /// cannot hold, counted in `rows`.
    std::optional<size_t> round_in(size_t first, MatrixView<const float> rows);
    /// Whole panels from row `first` on into a bfp16 matrix, as they are.
    void copy_in(size_t first, size_t count, const uint8_t* panels);
    /// What `project` must know of a bfp16 matrix once it is filled.
    void set_exponents(const ExponentRange& exponents) { exponents_ = exponents; }
    /// One row back as f32 (what an embedding look-up needs).
    void unpack_row(size_t row, std::span<float> out) const;

  private:
    size_t n_ = 0;
    size_t k_ = 0;
    Element element_ = Element::bf16;
    size_t size_bytes_ = 0;
    Buffer<uint8_t> storage_;
    const uint8_t* elsewhere_ = nullptr;
    ExponentRange exponents_;  // of bfp16
};

/// Left operands in the form that `project` takes: for bf16 weights bfloat16 where the CPU multiplies it,
/// else f32, rounded to bfloat16 so that the numerics are the same; for bfp16 weights blocks.
class LeftRows {
  public:
    LeftRows(size_t max_rows, size_t max_k, Element element);

    /// Rows `x` [m × k], as they are.
    void assign(MatrixView<const float> x);
    /// Rows `x`, layer-normalised.
    void assign_normalised(MatrixView<const float> x, const float* weight, const float* bias);
    /// Rows `x`, through GELU.
    void assign_gelu(MatrixView<const float> x);

    size_t rows() const { return rows_; }
    size_t cols() const { return cols_; }
    const void* data() const { return storage_.data(); }
    bool native_bf16() const { return native_bf16_; }
    const ExponentRange& exponents() const { return exponents_; }
    /// Of bfp16: rows with Inf, NaN or a magnitude of 2^111 or more. Their results are NaN.
    std::span<const size_t> bad_rows() const { return bad_rows_; }

  private:
    void prepare(MatrixView<const float> x, const struct RowPreparation& how);
    void prepare_blocks(MatrixView<const float> x, const struct RowPreparation& how);

    Element element_;
    bool native_bf16_;
    size_t rows_ = 0;
    size_t cols_ = 0;
    Buffer<uint8_t> storage_;
    Buffer<float> row_;  // of bfp16: one before rounding
    ExponentRange exponents_;
    std::vector<size_t> bad_rows_;
};

/// Output features [16·first, 16·(first + blocks)) of y [m × n]; `bias` has n values or is null; `accumulate`
/// adds to y. Workers call it for disjoint ranges of blocks.
void project(const PackedMatrix& w, const LeftRows& x, size_t first, size_t blocks, const float* bias,
             bool accumulate, MatrixView<float> y);

}  // namespace npuscribe::simd
