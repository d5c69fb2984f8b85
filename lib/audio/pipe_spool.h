#pragma once
// What comes through a pipe, copied to a file as it comes. Private to lib/audio.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace npuscribe::audio {

/// A thread copies the pipe to an unlinked file in $TMPDIR, so that whoever writes never waits for the
/// decoder, and any part can be read again. Members may be called by several threads.
class PipeSpool {
  public:
    /// Takes over the descriptor `pipe`. `name` is for messages. Waiting ends with Cancelled once `cancel`,
    /// which may be null, becomes true; it must outlive this. Throws InputError if there can be no file.
    PipeSpool(int pipe, std::string name, const std::atomic<bool>* cancel);
    /// Returns within a moment, even if the pipe is still open.
    ~PipeSpool();
    PipeSpool(const PipeSpool&) = delete;
    PipeSpool& operator=(const PipeSpool&) = delete;

    /// Waits until `count` bytes have come or the pipe has ended, and returns how many there are. Throws
    /// InputError if the pipe cannot be read or there is no room for the copy, and Cancelled, too, once
    /// `leave` is true.
    int64_t wait_for(int64_t count, const std::atomic<bool>& leave);
    /// Throws that InputError if there was one.
    void check() const;
    /// Bytes so far.
    int64_t size() const;
    bool ended() const;
    /// Somebody waits for bytes, and none has come for this long.
    bool is_silent(std::chrono::milliseconds time) const;

    /// The copy.
    int descriptor() const { return copy_; }

  private:
    void copy_all();
    bool wait_for_input() const;
    void finish(std::string error);

    const int pipe_;
    const std::string name_;
    const std::atomic<bool>* cancel_;
    int copy_ = -1;
    int wake_ = -1;  // an eventfd that ends the thread

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    int64_t size_ = 0;
    bool ended_ = false;
    std::string error_;
    int waiting_ = 0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    std::thread thread_;  // last: it uses all of the above
};

/// A new file in $TMPDIR without a name, which disappears when it is closed: its descriptor. Throws
/// InputError.
int unlinked_temporary_file();
/// Writes all of it. Returns false, with errno, if that fails.
bool write_all(int fd, const char* data, size_t count);

}  // namespace npuscribe::audio
