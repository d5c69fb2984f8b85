#include "model/tensor_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "bfp16/panels.h"
#include "simd/rows/blocks.h"

namespace npuscribe {

std::optional<size_t> element_count(std::span<const size_t> shape) {
    size_t count = 1;
    for (const size_t dimension : shape) {
        if (__builtin_mul_overflow(count, dimension, &count)) return std::nullopt;
    }
    return count;
}

std::string to_string(std::span<const size_t> shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

TensorData TensorData::rows(size_t first, size_t rows) const {
    assert(dtype != DType::bfp16 && !shape.empty() && shape.front() > 0 && first + rows <= shape.front());
    TensorData part = *this;
    const size_t row_bytes = bytes.size() / shape.front();
    part.shape.front() = rows;
    part.bytes = bytes.subspan(first * row_bytes, rows * row_bytes);
    if (scales.size() > sizeof(float)) {
        const size_t row_scales = scales.size() / shape.front();
        part.scales = scales.subspan(first * row_scales, rows * row_scales);
    }
    return part;
}

std::span<const std::byte> TensorData::bytes_of_rows(size_t first, size_t rows) const {
    if (dtype != DType::bfp16) return this->rows(first, rows).bytes;
    const size_t begin = bfp16::panel_bytes(first / bfp16::kPanelRows * bfp16::kPanelRows, shape[1]);
    return bytes.subspan(begin, bfp16::panel_bytes(first + rows, shape[1]) - begin);
}

bool TensorData::read_rows(size_t first, size_t rows, std::span<float> out) const {
    if (dtype == DType::bfp16) {
        return !simd::restore_panels(reinterpret_cast<const uint8_t*>(bytes.data()), first,
                                     MatrixView<float>(out.data(), rows, shape[1]));
    }
    return rows == shape.front() ? read(out) : this->rows(first, rows).read(out);
}

bool TensorData::read(std::span<float> out) const {
    assert(out.size() == count());
    if (dtype == DType::bfp16) return read_rows(0, shape.front(), out);
    if (scales.empty()) {
        to_f32(dtype, bytes.data(), out.data(), out.size());
        return true;
    }
    const size_t n_scales = scales.size() / sizeof(float);
    const size_t run = out.size() / n_scales;
    for (size_t i = 0; i < n_scales; ++i) {
        float scale = 0;
        std::memcpy(&scale, scales.data() + i * sizeof(float), sizeof scale);
        if (!std::isfinite(scale) || scale <= 0) return false;
        const std::span<float> part = out.subspan(i * run, run);
        to_f32(dtype, bytes.data() + i * run * size_of(dtype), part.data(), run);
        const float factor = 1.0F / scale;
        for (float& value : part) value *= factor;
    }
    return true;
}

}  // namespace npuscribe
