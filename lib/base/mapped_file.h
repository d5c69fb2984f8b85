#pragma once
// A file mapped for reading, whose pages are given back once they were used.

#include <cstddef>
#include <filesystem>
#include <span>

namespace npuscribe {

class MappedFile {
  public:
    /// Throws ModelError where `path` is no regular file or cannot be mapped. An empty file gives an empty
    /// span.
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return {data_, size_}; }
    /// Asks for the pages of `part` in one go: much cheaper than a fault every 64 KB.
    void prefetch(std::span<const std::byte> part) const noexcept;
    /// Takes the pages of `part` out of this process. They stay in the system's cache, and reading them again
    /// is safe (another thread may be doing so right now); it only costs the faults.
    void release(std::span<const std::byte> part) const noexcept;
    bool contains(const std::byte* address) const { return address >= data_ && address < data_ + size_; }

  private:
    const std::byte* data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace npuscribe
