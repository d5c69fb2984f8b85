#pragma once
// The speed of memory, measured with loops that do nothing else.

#include <cstddef>

#include "base/thread_pool.h"

namespace npuscribe::bench {

/// Bytes a second, all threads together; the fastest of the runs.
struct MemorySpeed {
    double read = 0;
    double write = 0;  // past the caches
    double copy = 0;   // from one buffer to another; each byte counts once
};

/// Every thread of `pool` works on its own part of buffers of `bytes` together, which should be far more than
/// the caches hold. Each thread touches its own pages first.
MemorySpeed memory_speed(ThreadPool& pool, size_t bytes, size_t runs);

}  // namespace npuscribe::bench
