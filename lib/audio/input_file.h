#pragma once
// The bytes of one input. They are seekable even if they come through a pipe.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>

#include "audio/pipe_spool.h"

namespace npuscribe::audio {

/// An open file descriptor, and its name for messages.
class InputFile {
  public:
    /// The size of a pipe that has not ended.
    static constexpr int64_t kUnknownSize = std::numeric_limits<int64_t>::max() / 4;

    /// Opens a regular file, a pipe (copied to an unlinked temporary file as it comes), or standard input for
    /// "-". Waits for the first bytes of a pipe. Waiting, here and in `read_at`, ends with Cancelled once
    /// `cancel`, which may be null, becomes true; it must outlive this. Throws InputError if the input is
    /// missing, may not be read, is a directory or a device, or is empty.
    explicit InputFile(const std::filesystem::path& path, const std::atomic<bool>* cancel = nullptr);
    /// Takes over the descriptor of a regular file, which is read from its beginning. `name` is for messages,
    /// with its quotes.
    InputFile(int descriptor, std::string name);
    /// The bytes [begin, end) of `whole`, of which all must be there, as a file of their own with the same
    /// name.
    InputFile(const InputFile& whole, int64_t begin, int64_t end);
    ~InputFile();
    InputFile(InputFile&& other) noexcept;
    InputFile& operator=(InputFile&&) = delete;
    /// The same pipe for another reader, which reads it from its beginning.
    std::shared_ptr<InputFile> another_reader() const;

    /// In bytes; kUnknownSize while more may come through the pipe.
    int64_t size() const;
    /// The pipe that it comes through, or null.
    const PipeSpool* pipe() const { return pipe_.get(); }
    /// A pipe that is decoded as it comes: it must be read from front to back.
    bool forward() const { return pipe_ && !whole_; }
    /// From now on nobody who reads this waits for the pipe: those who do get -1.
    void leave() { left_ = true; }
    /// Waits until all of a pipe has come. From then on it is read as a file is.
    void wait_for_end();
    /// The name in single quotes, as in 'speech.wav', or "standard input".
    const std::string& name() const { return name_; }
    /// Reads up to `count` bytes from `offset` on. Returns how many, 0 at the end, -1 on a read error. Waits
    /// for the next bytes of a pipe, but not for those far beyond what was read: there it returns 0 as well,
    /// because decoders look there for what may follow the sound.
    int64_t read_at(void* buffer, int64_t count, int64_t offset) const;
    /// Why a read failed, as an error number; 0: none did. Decoders' libraries may take a failed read for the
    /// end of the file.
    int read_error() const { return read_error_; }

  private:
    explicit InputFile(const InputFile* first);
    int64_t read_pipe(void* buffer, int64_t count, int64_t offset) const;

    int fd_ = -1;
    int64_t begin_ = 0;  // of a part, in the file
    int64_t size_ = 0;
    std::string name_;
    std::shared_ptr<PipeSpool> pipe_;
    bool whole_ = false;
    std::atomic<bool> left_{false};
    mutable std::atomic<int64_t> read_to_{0};  // of a pipe
    mutable std::atomic<int> read_error_{0};
};

}  // namespace npuscribe::audio
