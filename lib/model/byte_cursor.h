#pragma once
// Reading values one after the other from a binary file that may be damaged.

#include <fmt/format.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "base/error.h"

namespace npuscribe {

/// Checks every read: throws ModelError if fewer bytes are left.
class ByteCursor {
  public:
    /// `file` begins the messages of errors, and must outlive the cursor.
    ByteCursor(std::span<const std::byte> bytes, const std::string& file)
        : rest_(bytes), size_(bytes.size()), file_(file) {}

    std::span<const std::byte> take(size_t count, const char* what) {
        if (count > rest_.size())
            throw ModelError(
                fmt::format("{}: is cut short or damaged: {} at byte {} needs {} bytes, the file has {} more",
                            file_, what, size_ - rest_.size(), count, rest_.size()));
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    template <class T>
    T number(const char* what) {
        T value;
        std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
        return value;
    }

    bool at_end() const { return rest_.empty(); }
    const std::string& file() const { return file_; }

  private:
    std::span<const std::byte> rest_;
    size_t size_;
    const std::string& file_;
};

}  // namespace npuscribe
