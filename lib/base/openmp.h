#pragma once
// oneDNN runs on OpenMP's threads. Our own workers already divide the work among the CPUs, so a call of
// oneDNN must stay on the thread that made it.

namespace npuscribe {

/// While this object lives, OpenMP regions that this thread opens run on this thread alone.
class OneOpenMpThread {
  public:
    OneOpenMpThread();
    ~OneOpenMpThread();
    OneOpenMpThread(const OneOpenMpThread&) = delete;
    OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

  private:
    int before_;
};

}  // namespace npuscribe
