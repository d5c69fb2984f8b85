#pragma once
// The left operand of an INT8 matmul: rows of INT8 and the exponents that they share.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "bfp16/block.h"
#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// Rows as INT8, K padded with zeros to whole blocks, and their common exponents: one for each row, or one
/// for all. Any number of workers `put` rows at once; then one thread calls `finish`.
class Int8Rows {
  public:
    Int8Rows(size_t max_rows, size_t cols, bool one_exponent, bfp16::Rounding rounding);

    /// Throws DeviceError if there is no room for `rows` rows.
    void resize(size_t rows);
    size_t rows() const { return rows_; }
    size_t cols() const { return cols_; }
    size_t padded_cols() const { return padded_; }

    /// Converts one row of f32, padded with zeros to whole blocks. Returns false if a value is out of BFP16's
    /// range.
    bool put(size_t row, const float* padded_values);
    /// Aligns all rows to one exponent, if they share one.
    void finish(ThreadPool& pool);

    MatrixView<const int8_t> values() const { return {values_.data(), rows_, padded_}; }
    const std::vector<uint8_t>& exponents() const { return exponents_; }

  private:
    size_t max_rows_, cols_, padded_;
    bool one_exponent_;
    bfp16::Rounding rounding_;
    size_t rows_ = 0;
    Buffer<float> waiting_;  // if all rows share one exponent: the rows, until it is known
    Buffer<int8_t> values_;
    std::vector<uint8_t> exponents_;
};

class Int8Operand final : public Operand {
  public:
    Int8Operand(size_t max_rows, size_t cols, const DeviceOptions& options, const Device& device)
        : Operand(device, cols),
          data_(max_rows, cols, options.precision == Precision::int8_tensor, options.rounding) {}
    void resize(size_t rows) {
        data_.resize(rows);
        rows_ = rows;
    }
    Int8Rows& data() { return data_; }
    const Int8Rows& data() const { return data_; }

  private:
    Int8Rows data_;
};

}  // namespace npuscribe
