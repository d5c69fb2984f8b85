#pragma once
// Memory for kernels: aligned to a cache line, not initialised until touched.

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "base/matrix_view.h"

namespace npuscribe {

inline constexpr size_t kCacheLine = 64;

/// The kind of pages that a buffer asks the system for.
enum class Pages {
    usual,
    huge,  // huge ones, if the buffer is large enough: for data that is written whole and kept, such as
           // weights
};

/// `size` elements of a trivial type, 64-byte aligned, uninitialised. Movable, not copyable.
template <class T>
class Buffer {
    static_assert(std::is_trivially_destructible_v<T>);

  public:
    Buffer() = default;
    explicit Buffer(size_t size, Pages pages = Pages::usual) : size_(size) {
        if (size == 0) return;
        constexpr size_t kHugePage = size_t{2} << 20;
        const bool huge = pages == Pages::huge && size * sizeof(T) >= kHugePage;
        const size_t alignment = huge ? kHugePage : kCacheLine;
        const size_t bytes = (size * sizeof(T) + kCacheLine - 1) / kCacheLine * kCacheLine;
        void* memory = nullptr;
        if (posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc();
        // A page fault for each 4 KB costs more than reading the data. A last page that is not full stays
        // small.
        if (huge) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
        data_.reset(static_cast<T*>(memory));
    }

    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T& operator[](size_t i) { return data_.get()[i]; }
    const T& operator[](size_t i) const { return data_.get()[i]; }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }

    MatrixView<T> matrix(size_t rows, size_t cols) { return {data(), rows, cols}; }
    MatrixView<const T> matrix(size_t rows, size_t cols) const { return {data(), rows, cols}; }

    /// Grows to at least `size` elements. Their old values are lost.
    void reserve_discard(size_t size) {
        if (size > size_) *this = Buffer(size);
    }

  private:
    struct Free {
        void operator()(T* memory) const { std::free(memory); }
    };
    std::unique_ptr<T, Free> data_;
    size_t size_ = 0;
};

}  // namespace npuscribe
