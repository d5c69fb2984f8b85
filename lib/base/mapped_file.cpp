#include "base/mapped_file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ \
    22  // Linux 5.14; older headers lack it, older kernels refuse it, both without harm
#endif

namespace npuscribe {
namespace {

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) close(fd);
    }
};

// The whole pages that hold `part`: a page shared with a neighbour only costs the neighbour one more fault.
void advise(std::span<const std::byte> part, int advice) {
    if (part.empty()) return;
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<uintptr_t>(part.data()) / page * page;
    const auto end = reinterpret_cast<uintptr_t>(part.data()) + part.size();
    madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat status {};
    if (file.fd < 0 || fstat(file.fd, &status) != 0)
        throw ModelError(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
    if (!S_ISREG(status.st_mode)) throw ModelError(fmt::format("{}: is not a regular file", path.string()));
    size_ = static_cast<size_t>(status.st_size);
    if (size_ == 0) return;
    void* memory = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (memory == MAP_FAILED)
        throw ModelError(
            fmt::format("{}: cannot be mapped into memory: {}", path.string(), std::strerror(errno)));
    data_ = static_cast<const std::byte*>(memory);
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

void MappedFile::prefetch(std::span<const std::byte> part) const noexcept {
    advise(part, MADV_POPULATE_READ);
}

void MappedFile::release(std::span<const std::byte> part) const noexcept {
    advise(part, MADV_DONTNEED);
}

}  // namespace npuscribe
