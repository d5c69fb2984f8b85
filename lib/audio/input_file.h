#pragma once
// The bytes of one input. They are seekable even if they came through a pipe.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace npuscribe::audio {

/// An open file descriptor, and its name for messages.
class InputFile {
  public:
    /// Opens a regular file, a pipe (copied to an unlinked temporary file), or standard input for "-". Throws
    /// InputError if the input is missing, may not be read, is a directory or a device, or is empty.
    explicit InputFile(const std::filesystem::path& path);
    /// The bytes [begin, end) of `whole`, as a file of their own with the same name.
    InputFile(const InputFile& whole, int64_t begin, int64_t end);
    ~InputFile();
    InputFile(InputFile&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          begin_(other.begin_),
          size_(other.size_),
          name_(std::move(other.name_)) {}
    InputFile& operator=(InputFile&&) = delete;

    int64_t size() const { return size_; }
    /// The name in single quotes, as in 'speech.wav', or "standard input".
    const std::string& name() const { return name_; }
    /// Reads up to `count` bytes from `offset` on. Returns how many, 0 at the end, -1 on a read error.
    int64_t read_at(void* buffer, int64_t count, int64_t offset) const;

  private:
    void spool();

    int fd_ = -1;
    int64_t begin_ = 0;  // of a part, in the file
    int64_t size_ = 0;
    std::string name_;
};

}  // namespace npuscribe::audio
