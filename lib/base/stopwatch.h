#pragma once
// Elapsed seconds, and adding them up.

#include <chrono>

namespace npuscribe {

class Stopwatch {
  public:
    /// Seconds since construction or the last `restart`.
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
    void restart() { start_ = Clock::now(); }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

/// A stretch of time.
struct Span {
    using Clock = std::chrono::steady_clock;
    Clock::time_point begin = {};
    Clock::time_point end = {};
};

/// Adds the time from construction to destruction to `*total`.
class AddTime {
  public:
    explicit AddTime(double& total) : total_(total) {}
    ~AddTime() { total_ += watch_.seconds(); }
    AddTime(const AddTime&) = delete;
    AddTime& operator=(const AddTime&) = delete;

  private:
    double& total_;
    Stopwatch watch_;
};

}  // namespace npuscribe
