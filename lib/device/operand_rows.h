#pragma once
// Rows of f32 on their way into an operand, as the cpu and emulated devices and the INT8 conversion prepare
// them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "simd/rows/prepare.h"

namespace npuscribe {

/// How `prepare` treats rows: `norm`, unless it is null, and then rounding to `numerics`.
simd::RowPreparation preparation(const LayerNorm* norm, simd::Numerics numerics, bfp16::Rounding rounding);
/// How a product that becomes an operand is treated. `epilogue` is none or gelu.
simd::RowPreparation preparation(Epilogue epilogue, simd::Numerics numerics, bfp16::Rounding rounding);

/// `x` after norm or GELU, in f32, its rows filled up with zeros to whole blocks of 8. The result is in
/// `scratch`, unless `x` is already that. A layer norm needs whole blocks, as check_prepare makes sure.
MatrixView<const float> in_whole_blocks(MatrixView<const float> x, const simd::RowPreparation& how,
                                        Buffer<float>& scratch);

/// The time that workers have spent, as wall-clock time: they run side by side. A Worker has the seconds
/// `prepare` and `matmul`.
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
