#pragma once
// What the fuzz targets make of their input: values cut from it, and a file in memory that holds it.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace npuscribe::fuzz {

/// Cuts values from the front of an input. Behind its end there are zeros and empty texts.
class Cutter {
  public:
    Cutter(const uint8_t* data, size_t size) : left_(reinterpret_cast<const char*>(data), size) {}

    bool done() const { return left_.empty(); }
    uint8_t byte() {
        const std::string_view one = bytes(1);
        return one.empty() ? uint8_t{0} : static_cast<uint8_t>(one.front());
    }
    /// At most `limit` - 1.
    size_t below(size_t limit) { return byte() % limit; }
    uint32_t word() {
        uint32_t value = 0;
        for (int i = 0; i < 4; ++i) value = value << 8 | byte();
        return value;
    }
    /// Seconds or a probability: mostly what a program computes, sometimes what it must never trust.
    double number() {
        constexpr double kMax = std::numeric_limits<double>::max();
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        constexpr std::array<double, 8> kOdd = {
            0, -1, kMax, -kMax, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(), 1e-320};
        const uint8_t kind = byte();
        return kind < kOdd.size() ? kOdd[kind] : (kind % 64) * 0.5 + byte() / 256.0;
    }
    /// Its length comes first, in a byte.
    std::string_view text() { return bytes(byte()); }
    /// Up to the next byte `end`, which is left out, or to the end of the input.
    std::string_view until(char end) {
        const std::string_view found = bytes(std::min(left_.find(end), left_.size()));
        bytes(1);
        return found;
    }
    std::string_view rest() { return bytes(left_.size()); }

  private:
    std::string_view bytes(size_t count) {
        const std::string_view found = left_.substr(0, count);
        left_.remove_prefix(found.size());
        return found;
    }

    std::string_view left_;
};

/// A file in memory, for readers that take a path. No disk is touched, and nothing is left behind.
class MemoryFile {
  public:
    MemoryFile() : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
        if (file_ < 0) std::abort();
    }
    ~MemoryFile() { close(file_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(file_); }
    /// Replaces its content.
    void write(std::string_view bytes) const {
        if (ftruncate(file_, 0) != 0 ||
            pwrite(file_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
            std::abort();
    }
    /// Gives it a name in a directory.
    void link(const std::filesystem::path& name) const { std::filesystem::create_symlink(path(), name); }

  private:
    int file_;
};

/// Ends the process as a sanitizer does: `holds` is what must be so.
inline void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace npuscribe::fuzz
