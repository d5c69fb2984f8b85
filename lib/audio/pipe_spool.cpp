#include "audio/pipe_spool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fmt/format.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr std::chrono::milliseconds kLookAtCancel{50};

std::string reason() {
    return std::strerror(errno);
}

}  // namespace

int unlinked_temporary_file() {
    const char* given = std::getenv("TMPDIR");
    std::string path = (given != nullptr && *given != '\0' ? given : "/tmp");
    path += "/npuscribe-XXXXXX";
    const int fd = mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) {
        throw InputError(
            fmt::format("cannot make a temporary file in {} for audio that is piped or downloaded: {}; set "
                        "TMPDIR to a writable directory",
                        path.substr(0, path.rfind('/')), reason()));
    }
    unlink(path.c_str());
    return fd;
}

bool write_all(int fd, const char* data, size_t count) {
    while (count > 0) {
        const ssize_t written = write(fd, data, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        count -= static_cast<size_t>(written);
    }
    return true;
}

PipeSpool::PipeSpool(int pipe, std::string name, const std::atomic<bool>* cancel)
    : pipe_(pipe), name_(std::move(name)), cancel_(cancel) {
    try {
        copy_ = unlinked_temporary_file();
        wake_ = eventfd(0, EFD_CLOEXEC);
        if (wake_ < 0) throw InputError(fmt::format("cannot wait for {}: {}", name_, reason()));
        thread_ = std::thread([this] { copy_all(); });
    } catch (...) {
        if (wake_ >= 0) close(wake_);
        if (copy_ >= 0) close(copy_);
        close(pipe_);
        throw;
    }
}

PipeSpool::~PipeSpool() {
    const uint64_t one = 1;
    while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    thread_.join();
    close(wake_);
    close(copy_);
    close(pipe_);
}

/// False once the thread is to end. A FIFO that nobody has opened for writing yet has no input and no end.
bool PipeSpool::wait_for_input() const {
    std::array<pollfd, 2> events{{{pipe_, POLLIN, 0}, {wake_, POLLIN, 0}}};
    while (poll(events.data(), events.size(), -1) < 0 && errno == EINTR) {
    }
    return events[1].revents == 0;
}

void PipeSpool::copy_all() {
    std::vector<char> block(size_t{1} << 18);
    while (wait_for_input()) {
        const ssize_t count = read(pipe_, block.data(), block.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return finish(fmt::format("cannot read {}: {}", name_, reason()));
        if (count == 0) return finish({});
        if (!write_all(copy_, block.data(), static_cast<size_t>(count)))
            return finish(fmt::format(
                "no room in $TMPDIR for {}: {}; set TMPDIR to a directory with more room", name_, reason()));
        {
            const std::lock_guard lock(mutex_);
            size_ += count;
            last_ = std::chrono::steady_clock::now();
        }
        changed_.notify_all();
    }
}

void PipeSpool::finish(std::string error) {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        error_ = std::move(error);
    }
    changed_.notify_all();
}

void PipeSpool::check() const {
    const std::lock_guard lock(mutex_);
    if (!error_.empty()) throw InputError(error_);
}

int64_t PipeSpool::wait_for(int64_t count, const std::atomic<bool>& leave) {
    const auto stopped = [&] { return leave || (cancel_ != nullptr && *cancel_); };
    std::unique_lock lock(mutex_);
    ++waiting_;
    while (size_ < count && !ended_ && !stopped()) changed_.wait_for(lock, kLookAtCancel);
    --waiting_;
    if (size_ < count && !error_.empty()) throw InputError(error_);
    if (size_ < count && !ended_) throw Cancelled();
    return size_;
}

int64_t PipeSpool::size() const {
    const std::lock_guard lock(mutex_);
    return size_;
}

bool PipeSpool::ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
}

bool PipeSpool::is_silent(std::chrono::milliseconds time) const {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0 && std::chrono::steady_clock::now() - last_ >= time;
}

}  // namespace npuscribe::audio
