#include "model/tensor_data.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

namespace npuscribe {
namespace {

TensorData rows_of(const TensorData& whole, size_t first, size_t rows) {
    TensorData part = whole;
    const size_t row_bytes = whole.bytes.size() / whole.shape.front();
    part.shape.front() = rows;
    part.bytes = whole.bytes.subspan(first * row_bytes, rows * row_bytes);
    if (whole.scales.size() > sizeof(float)) {
        const size_t row_scales = whole.scales.size() / whole.shape.front();
        part.scales = whole.scales.subspan(first * row_scales, rows * row_scales);
    }
    return part;
}

}  // namespace

std::optional<size_t> element_count(std::span<const size_t> shape) {
    size_t count = 1;
    for (const size_t dimension : shape) {
        if (__builtin_mul_overflow(count, dimension, &count)) return std::nullopt;
    }
    return count;
}

std::string to_string(std::span<const size_t> shape) {
    std::string text = "[";
    for (const size_t dimension : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(dimension);
    return text + "]";
}

TensorData TensorData::rows(size_t first, size_t rows) const {
    assert(!shape.empty() && shape.front() > 0 && first + rows <= shape.front());
    return rows_of(*this, first, rows);
}

bool TensorData::read(std::span<float> out) const {
    assert(out.size() == count());
    if (scales.empty()) {
        return to_f32(dtype, bytes.data(), out.data(), out.size());
    }
    const size_t n_scales = scales.size() / sizeof(float);
    const size_t run = out.size() / n_scales;
    for (size_t i = 0; i < n_scales; ++i) {
        float scale = 0;
        std::memcpy(&scale, scales.data() + i * sizeof(float), sizeof scale);
        if (!std::isfinite(scale) || scale <= 0) return false;
        const std::span<float> part = out.subspan(i * run, run);
        if (!to_f32(dtype, bytes.data() + i * run * size_of(dtype), part.data(), run)) return false;
        const float factor = 1.0F / scale;
        for (float& value : part) value *= factor;
    }
    return true;
}

}  // namespace npuscribe
