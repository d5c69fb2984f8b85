#pragma once
// Values from the front of a binary file that nobody vouches for.

#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "base/error.h"

namespace npuscribe {

/// Every take is checked against what is left: ModelError where it is not there.
class ByteCursor {
  public:
    /// `file` begins the messages of errors, and must outlive the cursor.
    ByteCursor(std::span<const std::byte> bytes, const std::string& file)
        : rest_(bytes), size_(bytes.size()), file_(file) {}

    std::span<const std::byte> take(size_t count, const char* what) {
        if (count > rest_.size())
            throw ModelError(file_ + ": is cut short or damaged: " + what + " at byte " +
                             std::to_string(size_ - rest_.size()) + " needs " + std::to_string(count) +
                             " bytes, the file has " + std::to_string(rest_.size()) + " more");
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
