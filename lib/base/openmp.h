#pragma once
// oneDNN is built on OpenMP. Our own workers hand it whole blocks, so wherever it is called it must stay on
// that thread.

namespace npuscribe {

/// While it lives, OpenMP regions that this thread opens run on this thread alone.
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
