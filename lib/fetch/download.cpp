#include "fetch/download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include "base/sha256.h"
#include "base/stopwatch.h"
#include "fetch/http.h"

namespace npuscribe::fetch {
namespace {

namespace fs = std::filesystem;

constexpr int kMostBreaks = 20;  // of the connection; each attempt must have brought some bytes
constexpr auto kPause = std::chrono::milliseconds(1000);
constexpr double kSecondsBetweenLooks = 30;  // at how much has come
constexpr double kSlowest = 10e3;            // bytes a second

fs::path with_suffix(fs::path path, const char* suffix) {
    path += suffix;
    return path;
}

// The part of a file that has arrived, with the server's entity tag of the whole file.
class PartFile final : public HttpReceiver {
  public:
    PartFile(const fs::path& path, uint64_t most_bytes, Listener& listener)
        : name_(path.filename().string()),
          most_(most_bytes),
          path_(with_suffix(path, ".part")),
          tag_path_(with_suffix(path, ".part.etag")),
          listener_(listener) {
        file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (file_ < 0) fail();
        size_ = static_cast<uint64_t>(::lseek(file_, 0, SEEK_END));
        std::ifstream stream(tag_path_, std::ios::binary);
        tag_.assign(std::istreambuf_iterator<char>(stream), {});
    }
    ~PartFile() override { ::close(file_); }
    PartFile(const PartFile&) = delete;
    PartFile& operator=(const PartFile&) = delete;

    uint64_t size() const { return size_; }
    const std::string& tag() const { return tag_; }
    const fs::path& path() const { return path_; }

    void clear() {
        size_ = 0;
        tag_.clear();
        std::error_code ignored;
        fs::remove(tag_path_, ignored);
        if (::ftruncate(file_, 0) != 0) fail();
    }

    bool begin(const HttpHead& head) noexcept override {
        if (head.status == 206) {
            displaced_ = head.from != size_;
            if (displaced_) return false;
        } else {
            if (::ftruncate(file_, 0) != 0) return give_up();
            size_ = 0;
            keep_tag(head.etag);
        }
        if (::lseek(file_, static_cast<off_t>(size_), SEEK_SET) < 0) return give_up();
        if (head.length) total_ = size_ + *head.length;
        too_large_ = total_ && *total_ > most_;
        return !too_large_;
    }

    bool take(std::span<const std::byte> bytes) noexcept override {
        too_large_ = bytes.size() > most_ - std::min(most_, size_);
        if (too_large_) return false;
        while (!bytes.empty()) {
            const ssize_t written = ::write(file_, bytes.data(), bytes.size());
            if (written < 0) {
                if (errno == EINTR) continue;
                return give_up();
            }
            size_ += static_cast<uint64_t>(written);
            bytes = bytes.subspan(static_cast<size_t>(written));
        }
        return go_on();
    }

    bool go_on() noexcept override {
        if (since_.seconds() >= kSecondsBetweenLooks) {
            slow_ = static_cast<double>(size_ - seen_) < kSlowest * kSecondsBetweenLooks;
            if (slow_) return false;
            start_looking();
        }
        try {
            if (total_ || size_ > 0) listener_.progress(name_, size_, total_);
            return !listener_.cancelled();
        } catch (...) {
            return false;
        }
    }

    /// Before a transfer.
    void start_looking() noexcept {
        since_.restart();
        seen_ = size_;
    }

    /// After a transfer: throws OutputError if writing failed, SourceFailed if the server sends too much or
    /// too slowly, and Cancelled.
    void check() const {
        if (error_ != 0) {
            errno = error_;
            fail();
        }
        if (listener_.cancelled()) throw Cancelled();
        if (too_large_)
            throw SourceFailed(fmt::format("{}: the server sends {}, and the catalog expects {} bytes", name_,
                                           total_ ? fmt::format("{} bytes", *total_) : "more", most_));
        if (slow_)
            throw SourceFailed(
                fmt::format("{}: less than {:.0f} kB/s arrives; try again later: the download is resumed",
                            name_, kSlowest / 1e3));
    }
    /// True if the server sent another part than the one asked for.
    bool displaced() const { return displaced_; }

    void finish(const fs::path& path) {
        if (::fsync(file_) != 0) fail();
        std::error_code error;
        fs::rename(path_, path, error);
        if (error) throw OutputError(fmt::format("{}: {}", path.string(), error.message()));
        fs::remove(tag_path_, error);
    }

  private:
    bool give_up() noexcept {
        error_ = errno;
        return false;
    }
    [[noreturn]] void fail() const {
        const char* why = errno == ENOSPC
                              ? "the disk is full; make room and try again: the download is resumed"
                              : std::strerror(errno);
        throw OutputError(fmt::format("{}: {}", path_.string(), why));
    }
    // Only strong tags are kept: files with the same weak tag may differ.
    void keep_tag(const std::string& tag) noexcept {
        std::error_code ignored;
        fs::remove(tag_path_, ignored);
        if (tag.starts_with('"')) {
            std::ofstream(tag_path_, std::ios::binary) << tag;
            tag_ = tag;
        }
    }

    std::string name_;
    uint64_t most_;
    fs::path path_;
    fs::path tag_path_;
    Listener& listener_;
    int file_ = -1;
    uint64_t size_ = 0;
    std::string tag_;
    std::optional<uint64_t> total_;
    int error_ = 0;
    bool displaced_ = false;
    bool too_large_ = false;
    bool slow_ = false;
    Stopwatch since_;    // the last look at how much has come
    uint64_t seen_ = 0;  // bytes that were there then
};

std::string digest(const fs::path& path, Listener& listener) {
    const auto sum = sha256_of_file(path, [&] { return listener.cancelled(); });
    if (listener.cancelled()) throw Cancelled();
    if (!sum) throw OutputError(fmt::format("{}: cannot be read back", path.string()));
    return *sum;
}

void pause(Listener& listener) {
    constexpr int kSteps = 20;
    for (int step = 0; step < kSteps; ++step) {
        if (listener.cancelled()) throw Cancelled();
        std::this_thread::sleep_for(kPause / kSteps);
    }
}

}  // namespace

bool download(const Download& what, Listener& listener) {
    const std::string name = what.path.filename().string();
    PartFile part(what.path, what.most_bytes, listener);
    if (part.size() > 0 && part.tag().empty() && what.sha256.empty()) part.clear();
    bool resumed = false;  // it has bytes of an earlier run
    for (int breaks = 0;;) {
        const uint64_t before = part.size();
        if (before > 0 && breaks == 0) resumed = true;
        part.start_looking();
        const HttpResult result = http_get({what.url, before, part.tag(), what.insecure}, part);
        part.check();
        const long status = result.head.status;
        if (status == 404 || status == 410) {
            std::error_code ignored;
            fs::remove(part.path(), ignored);
            return false;
        }
        const std::string& wanted = what.sha256.empty() ? result.head.sha256 : what.sha256;
        if (status == 416 || part.displaced()) {
            // The server has no such bytes: the part is complete, or is of another file.
            if (before == 0)
                throw SourceFailed(
                    fmt::format("{}: the server answers with another part than the one asked for", what.url));
            if (!wanted.empty() && digest(part.path(), listener) == wanted) break;
            part.clear();
            resumed = false;
            if (++breaks > kMostBreaks)
                throw SourceFailed(fmt::format("{}: the server never sends the part asked for", what.url));
            continue;
        }
        if (!result.error.empty()) {
            if (!result.broke_off || part.size() <= before || ++breaks > kMostBreaks) {
                throw SourceFailed(fmt::format("{}: {}", what.url, result.error));
            }
            listener.say(fmt::format("{}: the connection broke off after {} bytes; going on from there", name,
                                     part.size()));
            pause(listener);
            continue;
        }
        if (status != 200 && status != 206)
            throw SourceFailed(fmt::format("{}: the server answers {}", what.url, status));
        if (wanted.empty()) break;
        const std::string sum = digest(part.path(), listener);
        if (sum == wanted) break;
        part.clear();
        if (resumed) {
            listener.say(
                fmt::format("{}: the part that was there belongs to another file; starting again", name));
            resumed = false;
            ++breaks;
            continue;
        }
        std::error_code ignored;
        fs::remove(part.path(), ignored);
        throw SourceFailed(fmt::format("{} has SHA-256 {}, wanted {}", name, sum, wanted));
    }
    part.finish(what.path);
    return true;
}

}  // namespace npuscribe::fetch
