#pragma once
// vpdpbusd as AVX-VNNI encodes it, on CPUs that lack it. The CPU refuses the instruction with SIGILL, whose
// handler decodes it, computes its result in plain C++, and goes on behind it. So code compiled for such CPUs
// is tested instruction by instruction, only slowly.

#include <csignal>
#include <cstddef>

namespace npuscribe::test {

/// Emulates the instruction as long as it exists. One at a time; all threads are affected. Other illegal
/// instructions end the program as before.
class VexVnniEmulator {
  public:
    VexVnniEmulator();
    ~VexVnniEmulator();
    VexVnniEmulator(const VexVnniEmulator&) = delete;
    VexVnniEmulator& operator=(const VexVnniEmulator&) = delete;

    /// Instructions that it has emulated: 0 if the CPU has them.
    static size_t count();

  private:
    struct sigaction before_ {};
};

}  // namespace npuscribe::test
