#include "base/memory_use.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace npuscribe {

uint64_t resident_bytes() {
    uint64_t total = 0, resident = 0;  // pages (proc(5), /proc/pid/statm)
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t peak_resident_bytes() {
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

}  // namespace npuscribe
