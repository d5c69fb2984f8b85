#pragma once
// What the cpu device's several ways to multiply have in common on both sides of a product.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "simd/rows/prepare.h"

namespace npuscribe {

/// `x` after norm or GELU, in f32, its rows filled up with zeros to whole blocks of 8: in `scratch`, unless
/// it is that already. Throws DeviceError for a layer norm of rows that are not whole blocks.
MatrixView<const float> in_whole_blocks(MatrixView<const float> x, const simd::RowPreparation& how,
                                        Buffer<float>& scratch);

/// Throws DeviceError, saying all sizes, unless x·Wᵀ, W [n × k], is [rows × cols]. `name` is W's.
void check_product(const std::string& name, const Operand& x, size_t n, size_t k, size_t rows, size_t cols);

/// Throws DeviceError unless so many rows fit into an operand that was made for `max_rows`.
void check_fits(size_t rows, size_t max_rows);
/// The same unless rows of `x` are as long as those of `out`.
void check_columns(MatrixView<const float> x, const Operand& out);
/// The same where a residual is to be added to a product that becomes an operand. `name` is the weights'.
void check_into_operand(const std::string& name, Epilogue epilogue);
/// Throws DeviceError: a product that was to become an operand cannot.
[[noreturn]] void refuse_result(const std::string& name, size_t row);

/// What happens to rows before they are rounded to blocks: `norm`, where it is given, in f32.
simd::RowPreparation in_f32(const LayerNorm* norm);

/// What workers with seconds in `prepare` and `matmul` have spent, as wall-clock time: they run side by side.
template <class Worker>
DeviceStats stats_of(const std::vector<Worker>& workers, uint64_t matmuls) {
    DeviceStats stats;
    for (const Worker& worker : workers) {
        stats.prepare_seconds += worker.prepare;
        stats.matmul_seconds += worker.matmul;
    }
    stats.prepare_seconds /= static_cast<double>(workers.size());
    stats.matmul_seconds /= static_cast<double>(workers.size());
    stats.matmuls = matmuls;
    return stats;
}

}  // namespace npuscribe
