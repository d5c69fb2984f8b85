#pragma once
// A file that is mapped into memory for reading and whose pages are given back after use.

#include <cstddef>
#include <filesystem>
#include <span>

namespace npuscribe {

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
    bool contains(const std::byte* address) const { return address >= data_ && address < data_ + size_; }

  private:
    const std::byte* data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace npuscribe
