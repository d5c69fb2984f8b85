#pragma once
// Tiles for the kernels, and what plain arithmetic makes of them.

#include <cmath>
#include <cstdint>
#include <new>
#include <random>
#include <vector>

#include "bfp16/layout.h"
#include "host/host_kernels.h"
#include "simd/isa.h"

namespace npuscribe::test {

using Matrix = std::vector<double>;

/// Memory as the array has it: every buffer of a core begins at a multiple of 64 bytes.
template <class T>
struct AlignedAllocator {
    using value_type = T;
    static constexpr std::align_val_t kAlignment{64};

    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U>&) {}
    T* allocate(size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), kAlignment)); }
    void deallocate(T* at, size_t) { ::operator delete(at, kAlignment); }
    bool operator==(const AlignedAllocator&) const { return true; }
};
template <class T>
using Tile = std::vector<T, AlignedAllocator<T>>;

/// May this CPU run it?
inline bool runs_here(const kernels::HostKernel& kernel) {
    return kernel.cpu == "baseline" || simd::isa() >= simd::Isa::avx2;
}

/// Normal values whose magnitude differs from row to row and from block to block, as activations' do.
inline std::vector<float> random_values(size_t rows, size_t cols, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> exponent(-6, 6);
    std::vector<float> values(rows * cols);
    float scale = 1;
    for (size_t i = 0; i < values.size(); ++i) {
        if (i % bfp16::kBlockSize == 0) scale = std::ldexp(1.0F, exponent(random));
        values[i] = scale * normal(random);
    }
    return values;
}

/// C [m × n] of a tile back from its 8 × 8 subtiles, which are column-major.
template <class T>
T at(const Tile<T>& c, size_t m, size_t row, size_t col) {
    return c[(col / 8 * (m / 8) + row / 8) * 64 + row % 8 * 8 + col % 8];
}

/// Room for a core's sums of [m × n], with what a kernel keeps behind them.
template <class T>
Tile<T> sums_of(const kernels::HostKernel& kernel, T value) {
    return Tile<T>(kernel.m * kernel.n + kernels::kProgressBytes / sizeof(T), value);
}

}  // namespace npuscribe::test
