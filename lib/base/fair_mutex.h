#pragma once
// A mutex that serves its callers in the order in which they came. std::mutex may serve the thread that has
// just unlocked it again and again, but two threads that share a ThreadPool must take turns.

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace npuscribe {

/// Meets the standard's BasicLockable: for std::lock_guard.
class FairMutex {
  public:
    void lock() {
        std::unique_lock guard(mutex_);
        const uint64_t turn = next_++;
        changed_.wait(guard, [&] { return turn == serving_; });
    }
    void unlock() {
        {
            const std::lock_guard guard(mutex_);
            ++serving_;
        }
        changed_.notify_all();
    }
    /// How many callers hold the mutex or wait for it.
    uint64_t in_line() const {
        const std::lock_guard guard(mutex_);
        return next_ - serving_;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    uint64_t next_ = 0;
    uint64_t serving_ = 0;
};

}  // namespace npuscribe
