#include "base/mapped_file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
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

// What is mapped, for the signal handler: it can take no lock, and nothing else leads it to the files. A slot
// is free while its size is 0. More files than slots are mapped all the same, but not watched.
struct Slot {
    std::atomic<size_t> size{0};
    std::atomic<bool> taken{false};
    const std::byte* begin = nullptr;
    std::array<char, 512> path{};
};
std::array<Slot, 64> slots;
std::atomic<OnTruncated> on_truncated{nullptr};

void watch(const std::byte* begin, size_t size, const std::string& path) {
    for (Slot& slot : slots) {
        if (slot.taken.exchange(true)) continue;
        slot.begin = begin;
        slot.path.fill('\0');
        path.copy(slot.path.data(), slot.path.size() - 1);
        slot.size.store(size, std::memory_order_release);
        return;
    }
}

void unwatch(const std::byte* begin) {
    for (Slot& slot : slots) {
        if (slot.size.load(std::memory_order_acquire) == 0 || slot.begin != begin) continue;
        slot.size.store(0, std::memory_order_release);
        slot.taken.store(false);
        return;
    }
}

void handle_fault(int number, siginfo_t* info, void*) {
    const auto* address = static_cast<const std::byte*>(info->si_addr);
    for (const Slot& slot : slots) {
        const size_t size = slot.size.load(std::memory_order_acquire);
        if (size > 0 && address >= slot.begin && address < slot.begin + size)
            on_truncated.load()(slot.path.data());
    }
    std::signal(number, SIG_DFL);  // the instruction faults again, and ends the process
}

}  // namespace

void watch_truncation(OnTruncated handler) {
    on_truncated = handler;
    struct sigaction action = {};
    action.sa_sigaction = handle_fault;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, nullptr);
}

MappedFile::MappedFile(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
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
    file_ = std::exchange(file.fd, -1);
    watch(data_, size_, path.string());
}

MappedFile::~MappedFile() {
    if (data_ == nullptr) return;
    unwatch(data_);
    close(file_);
    munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      file_(std::exchange(other.file_, -1)) {}

bool MappedFile::is_whole() const {
    struct stat status {};
    return file_ < 0 || (fstat(file_, &status) == 0 && static_cast<size_t>(status.st_size) >= size_);
}

void MappedFile::prefetch(std::span<const std::byte> part) const noexcept {
    advise(part, MADV_POPULATE_READ);
}

void MappedFile::release(std::span<const std::byte> part) const noexcept {
    advise(part, MADV_DONTNEED);
}

}  // namespace npuscribe
