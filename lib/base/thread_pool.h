#pragma once
// A fork-join pool of threads. The caller is worker 0; the others spin briefly between regions, then sleep.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fair_mutex.h"

namespace npuscribe {

/// A barrier for all workers of a parallel region: none passes until all have arrived. Reusable.
class SpinBarrier {
  public:
    explicit SpinBarrier(size_t parties) : parties_(parties) {}
    void arrive_and_wait();

  private:
    const size_t parties_;
    std::atomic<size_t> arrived_{0};
    std::atomic<size_t> phase_{0};
};

/// Runs one function on every worker at once. There is one region at a time: callers from
/// several threads take turns.
/// If a worker throws, the caller rethrows its exception after all workers have finished. A function that
/// uses `barrier()` must not throw between two arrivals: the other workers would wait forever.
class ThreadPool {
  public:
    /// `threads` workers, the caller included; 0 means one for each CPU this process may use.
    explicit ThreadPool(size_t threads = 0);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    size_t size() const { return size_; }

    /// Calls `work(worker)` once on each worker, worker in [0, size()), and waits for all. Not reentrant.
    void run(const std::function<void(size_t)>& work);

    /// Calls `work(begin, end, worker)` over [0, count) in pieces of at most `grain`. Each worker first takes
    /// the pieces of its own share, which is contiguous, then those of workers that have not finished. If the
    /// next call has the same rows, a worker finds its own in its cache.
    void for_each(size_t count, size_t grain, const std::function<void(size_t, size_t, size_t)>& work);

    /// The barrier of the running region, for steps inside one `run`.
    SpinBarrier& barrier() { return barrier_; }

  private:
    /// The next piece of a worker's share, alone on its cache line.
    struct alignas(64) Share {
        std::atomic<size_t> next{0};
    };

    void run_region(const std::function<void(size_t)>& work);
    void worker_loop(size_t worker);
    void call(size_t worker);

    const size_t size_;
    std::vector<std::thread> threads_;
    FairMutex region_;  // held by the caller of run()
    const std::function<void(size_t)>* work_ = nullptr;
    std::atomic<size_t> generation_{0};
    std::atomic<size_t> running_{0};
    std::atomic<bool> stop_{false};
    std::vector<Share> shares_;  // of for_each
    std::mutex sleep_;
    std::condition_variable wake_;
    std::mutex error_mutex_;
    std::exception_ptr error_;
    SpinBarrier barrier_;
};

/// CPUs that this process may use, at least 1: those it may run on (its affinity mask, which cpusets narrow),
/// and no more than its control group's quota pays for, rounded to the nearest number.
size_t available_cpus();

}  // namespace npuscribe
