#pragma once
// The bytes of one input, seekable whatever they came from.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace npuscribe::audio {

/// An open file descriptor and what to call it in messages.
class InputFile {
  public:
    /// A regular file, a pipe (copied to an unlinked temporary file), or standard input for "-". Throws
    /// InputError: missing, not permitted, a directory, a device, empty.
    explicit InputFile(const std::filesystem::path& path);
    ~InputFile();
    InputFile(InputFile&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), size_(other.size_), name_(std::move(other.name_)) {}
    InputFile& operator=(InputFile&&) = delete;

    int descriptor() const { return fd_; }
    int64_t size() const { return size_; }
    /// 'speech.wav' in quotes, or "standard input".
    const std::string& name() const { return name_; }
    /// Up to `count` bytes from `offset`; returns how many, 0 at the end, -1 on a read error.
    int64_t read_at(void* buffer, int64_t count, int64_t offset) const;

  private:
    void spool();

    int fd_ = -1;
    int64_t size_ = 0;
    std::string name_;
};

}  // namespace npuscribe::audio
