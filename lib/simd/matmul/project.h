#pragma once
// y = x·Wᵀ + b for a few rows x: the decoder's matmuls, whose time is that of reading W. W is packed in
// blocks of 16 output features.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "simd/matmul/block_matmul.h"
#include "simd/matmul/matmul_output.h"
#include "simd/packing.h"

namespace npuscribe::simd {

/// A weight matrix [n × k] as [n/16][k/2][16][2] bf16, [n/16][k][16] f32, or panels of BFP16
/// (bfp16/panels.h); rows past n are zero. k must be even, of bfp16 a multiple of 8.
class PackedMatrix {
  public:
    PackedMatrix() = default;
    PackedMatrix(size_t n, size_t k, Element element);
    /// Panels in the caller's memory, which must outlive this.
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
    /// Rounds rows from `first` on, a multiple of 16, into a bfp16 matrix. Returns the first row, counted in
    /// `rows`, that BFP16 cannot hold, or nothing.
    std::optional<size_t> round_in(size_t first, MatrixView<const float> rows);
    /// Copies whole panels, `count` rows from row `first` on, into a bfp16 matrix.
    void copy_in(size_t first, size_t count, const uint8_t* panels);
    /// Tells `project` which exponents a bfp16 matrix has. Call it after the matrix is filled.
    void set_exponents(const ExponentRange& exponents) { exponents_ = exponents; }
    /// Restores one row to f32, for an embedding look-up.
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

/// Left operands in the form that `project` takes. For bf16 weights: bfloat16 if the CPU multiplies it; else
/// f32, rounded to bfloat16 so that the numerics are the same. For bfp16 weights: blocks, or
/// f32 if the CPU multiplies floats best (float_matmul.h). For f32: f32.
class LeftRows {
  public:
    LeftRows(size_t max_rows, size_t max_k, Element element);

    /// Takes rows `x` [m × k] as they are.
    void assign(MatrixView<const float> x);
    /// Takes the layer norm of rows `x`.
    void assign_normalised(MatrixView<const float> x, const float* weight, const float* bias);
    /// Takes the GELU of rows `x`.
    void assign_gelu(MatrixView<const float> x);

    size_t rows() const { return rows_; }
    size_t cols() const { return cols_; }
    const void* data() const { return storage_.data(); }
    bool native_bf16() const { return native_bf16_; }
    bool blocks() const { return blocks_; }
    const ExponentRange& exponents() const { return exponents_; }
    /// For bfp16 weights: rows with Inf, NaN or a magnitude of bfp16::kMagnitudeLimit or more. Their results
    /// are NaN.
    std::span<const size_t> bad_rows() const { return bad_rows_; }

  private:
    void prepare(MatrixView<const float> x, const struct RowPreparation& how);
    void prepare_blocks(MatrixView<const float> x, const struct RowPreparation& how);

    Element element_;
    bool blocks_;
    bool native_bf16_;
    size_t rows_ = 0;
    size_t cols_ = 0;
    Buffer<uint8_t> storage_;
    Buffer<float> row_;  // for bfp16 weights: a row before rounding
    ExponentRange exponents_;
    std::vector<size_t> bad_rows_;
};

/// The output features of `blocks` of out.y [m × n]; other columns stay as they are. Workers call it for
/// disjoint ranges of blocks.
void project(const PackedMatrix& w, const LeftRows& x, LaneBlocks blocks, const MatmulOutput& out);

}  // namespace npuscribe::simd
