#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/cpu_quota.h"
#include "base/openmp.h"

namespace npuscribe {
namespace {

inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// About 50 µs of spinning: longer than the gap between two layers, shorter than anyone notices.
constexpr int kSpins = 2000;

}  // namespace

size_t available_cpus() {
    cpu_set_t set;
    const size_t allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<size_t>(CPU_COUNT(&set))
                                                                       : std::thread::hardware_concurrency();
    static const std::optional<double> quota = cpu_quota();  // several commands' options ask at the start
    const double paid = std::round(quota.value_or(static_cast<double>(allowed)));
    return std::max<size_t>(1, std::min(allowed, static_cast<size_t>(std::min(paid, 1e6))));
}

void SpinBarrier::arrive_and_wait() {
    const size_t phase = phase_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == parties_) {
        arrived_.store(0, std::memory_order_relaxed);
        phase_.store(phase + 1, std::memory_order_release);
        return;
    }
    for (int spins = 0; phase_.load(std::memory_order_acquire) == phase; ++spins) {
        if (spins < kSpins) {
            pause();
        } else {
            std::this_thread::yield();
        }
    }
}

ThreadPool::ThreadPool(size_t threads)
    : size_(threads == 0 ? available_cpus() : threads), shares_(size_), barrier_(size_) {
    for (size_t worker = 1; worker < size_; ++worker) {
        threads_.emplace_back([this, worker] { worker_loop(worker); });
    }
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard lock(sleep_);
        stop_.store(true);
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void ThreadPool::call(size_t worker) {
    try {
        (*work_)(worker);
    } catch (...) {
        std::lock_guard lock(error_mutex_);
        if (!error_) error_ = std::current_exception();
    }
}

void ThreadPool::run(const std::function<void(size_t)>& work) {
    const std::lock_guard region(region_);
    run_region(work);
}

void ThreadPool::run_region(const std::function<void(size_t)>& work) {
    const OneOpenMpThread here;
    work_ = &work;
    error_ = nullptr;
    running_.store(size_ - 1, std::memory_order_relaxed);
    if (size_ > 1) {
        {
            std::lock_guard lock(sleep_);
            generation_.fetch_add(1, std::memory_order_release);
        }
        wake_.notify_all();
    }
    call(0);
    for (int spins = 0; running_.load(std::memory_order_acquire) != 0; ++spins) {
        if (spins < kSpins) {
            pause();
        } else {
            std::this_thread::yield();
        }
    }
    work_ = nullptr;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadPool::worker_loop(size_t worker) {
    const OneOpenMpThread here;
    size_t seen = 0;
    while (true) {
        for (int spins = 0; spins < kSpins && generation_.load(std::memory_order_acquire) == seen; ++spins)
            pause();
        if (generation_.load(std::memory_order_acquire) == seen) {
            std::unique_lock lock(sleep_);
            wake_.wait(lock, [&] { return stop_.load() || generation_.load() != seen; });
        }
        if (generation_.load(std::memory_order_acquire) == seen) return;  // stop
        ++seen;
        call(worker);
        running_.fetch_sub(1, std::memory_order_release);
    }
}

void ThreadPool::for_each(size_t count, size_t grain,
                          const std::function<void(size_t, size_t, size_t)>& work) {
    if (count == 0) return;
    const size_t pieces = (count + grain - 1) / grain;
    const std::lock_guard region(region_);
    for (size_t worker = 0; worker < size_; ++worker) shares_[worker].next = worker * pieces / size_;
    run_region([&](size_t worker) {
        for (size_t i = 0; i < size_; ++i) {
            const size_t share = (worker + i) % size_;
            const size_t end = (share + 1) * pieces / size_;
            while (true) {
                const size_t piece = shares_[share].next.fetch_add(1, std::memory_order_relaxed);
                if (piece >= end) break;
                work(piece * grain, std::min((piece + 1) * grain, count), worker);
            }
        }
    });
}

}  // namespace npuscribe
