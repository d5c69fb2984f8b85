#pragma once
// Files for tests: a directory that is removed when the test ends, and the whole of a file at once.

#include <stdlib.h>  // mkdtemp

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace npuscribe::test {

/// Writes a file of these bytes and makes the directories above it. Returns its path.
inline std::filesystem::path write_file(const std::filesystem::path& path, std::string_view content) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
    return path;
}

/// The bytes of a file; none if it cannot be read.
inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A new, empty directory, which is removed with everything in it when the object is destroyed.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "npuscribe-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make the directory " + name + ": " + std::strerror(errno));
        path_ = name;
    }
    ~TemporaryDirectory() {
        std::error_code
            ignored;  // a destructor must not throw, and what is left lies in the temporary directory
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

    /// write_file() with a path relative to this directory.
    std::filesystem::path write(const std::string& name, std::string_view content) const {
        return write_file(path_ / name, content);
    }
    /// An empty file.
    std::filesystem::path touch(const std::string& name) const { return write(name, ""); }

  private:
    std::filesystem::path path_;
};

}  // namespace npuscribe::test
