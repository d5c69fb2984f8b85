#pragma once
// A file that is mapped into memory for reading and whose pages are given back after use.

#include <cstddef>
#include <filesystem>
#include <span>

namespace npuscribe {

/// Called if a mapped file became shorter and what is gone was read: with its name, a NUL at its end. Runs in
/// a signal handler, and must not return.
using OnTruncated = void (*)(const char* path);

/// Lets SIGBUS call `handler` if its address lies in a MappedFile; other faults end the process as they did.
/// Without this call a file that shrinks ends the process by SIGBUS.
void watch_truncation(OnTruncated handler);

class MappedFile {
  public:
    /// Throws ModelError if `path` is not a regular file or cannot be mapped. An empty file gives an empty
    /// span.
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return {data_, size_}; }
    /// Asks for all pages of `part` at once: much cheaper than a page fault for each 64 KB.
    void prefetch(std::span<const std::byte> part) const noexcept;
    /// Removes the pages of `part` from this process. They stay in the system's cache: reading them again is
    /// safe, even for a thread that does so right now, and only costs the page faults.
    void release(std::span<const std::byte> part) const noexcept;
    /// False if the file is shorter now than it was: what was read since may be zeros.
    bool is_whole() const;
    bool contains(const std::byte* address) const { return address >= data_ && address < data_ + size_; }

  private:
    const std::byte* data_ = nullptr;
    size_t size_ = 0;
    int file_ = -1;
};

}  // namespace npuscribe
