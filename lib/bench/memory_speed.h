#pragma once
// How fast memory is, by loops that do nothing else.

#include <cstddef>

#include "base/thread_pool.h"

namespace npuscribe::bench {

/// Bytes a second, all threads together; the fastest of the runs.
struct MemorySpeed {
    double read = 0;
    double write = 0;  // past the caches
    double copy = 0;   // of one buffer to another: each byte counted once
};

/// Every thread of `pool` works on its own part of buffers of `bytes` in all, which should be far more than
/// the caches hold. Pages are touched by the thread that uses them.
MemorySpeed memory_speed(ThreadPool& pool, size_t bytes, size_t runs);

}  // namespace npuscribe::bench
