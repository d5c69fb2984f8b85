#include "corpus/manifest_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/error.h"

namespace npuscribe::corpus {
namespace {

// Another process that appends to the file may be in the middle of a line, so only the one that has the file
// to itself repairs it. Where a file system has no locks, nobody is assumed to be there.
bool has_it_alone(int file) {
    return ::flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

// As to_line() writes it, or less of it.
bool begins_a_line(std::string_view text) {
    constexpr std::string_view kBegin = R"({"audio_filepath":)";
    return text.substr(0, kBegin.size()) == kBegin.substr(0, text.size());
}

}  // namespace

ManifestFile::ManifestFile(const std::filesystem::path& path) : path_(path) {
    struct stat status {};
    const bool exists = ::stat(path.c_str(), &status) == 0;
    regular_ = !exists || S_ISREG(status.st_mode);
    const int access = regular_ ? O_RDWR | O_CREAT | O_APPEND : O_WRONLY;
    file_ = ::open(path.c_str(), access | O_CLOEXEC, 0666);
    if (file_ < 0) fail(errno);
    if (!regular_) return;
    try {
        read();
    } catch (...) {
        ::close(file_);
        throw;
    }
}

ManifestFile::~ManifestFile() {
    ::close(file_);
}

void ManifestFile::read() {
    const bool alone = has_it_alone(file_);
    std::string line;
    off_t line_begin = 0;
    off_t at = 0;
    bool has_lines = false;
    bool has_records = false;
    const auto take = [&] {
        const auto record = parse_record(line);
        if (!record) return false;
        has_records = true;
        Before& before = before_[record->key()];
        if (record->outcome <= before.outcome) before = {record->outcome, record->model, record->options};
        return true;
    };
    std::array<char, 1 << 16> buffer{};
    for (;;) {
        const ssize_t count = ::pread(file_, buffer.data(), buffer.size(), at);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail(errno);
        if (count == 0) break;
        for (ssize_t i = 0; i < count; ++i) {
            ++at;
            if (buffer[i] != '\n') {
                line += buffer[i];
                continue;
            }
            take();
            has_lines = true;
            line.clear();
            line_begin = at;
        }
    }
    const bool ends_whole = take();
    if (!has_records && (has_lines || !begins_a_line(line)))
        throw UsageError(fmt::format(
            "invalid value '{}' for --manifest: the file has other content, which must not be lost; "
            "give a new file, or one that --manifest wrote",
            path_.string()));
    if (!line.empty() && alone) {
        if (ends_whole) {
            if (::write(file_, "\n", 1) != 1) fail(errno);
        } else if (::ftruncate(file_, line_begin) != 0) {
            fail(errno);
        }
    }
    ::flock(file_, LOCK_SH | LOCK_NB);
}

void ManifestFile::append(const Record& record) {
    const std::string line = to_line(record);
    size_t written = 0;
    while (written < line.size()) {
        const ssize_t count = ::write(file_, line.data() + written, line.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const int error_number = errno;
            struct stat status {};
            if (regular_ && written > 0 && ::fstat(file_, &status) == 0) [[maybe_unused]]
                const int ignored = ::ftruncate(file_, status.st_size - static_cast<off_t>(written));
            fail(error_number);
        }
        written += static_cast<size_t>(count);
    }
    if (::fdatasync(file_) != 0 && errno != EINVAL && errno != EROFS) fail(errno);  // EINVAL: a pipe
}

void ManifestFile::fail(int error_number) const {
    throw OutputError(fmt::format("cannot write the manifest {}: {}", path_.string(),
                                  std::generic_category().message(error_number)));
}

}  // namespace npuscribe::corpus
