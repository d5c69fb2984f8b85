#pragma once
// What kind of file a path is, by its name and its first bytes: for the readers of checkpoint formats.

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace npuscribe {

/// False for a named pipe too, which would make the program wait.
inline bool is_plain_file(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

/// The first `count` bytes of a regular file; fewer if it has fewer, none if it cannot be read.
inline std::string first_bytes(const std::filesystem::path& path, size_t count) {
    if (!is_plain_file(path)) return {};
    std::string bytes(count, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(bytes.data(), static_cast<std::streamsize>(count));
    bytes.resize(static_cast<size_t>(file.gcount()));
    return bytes;
}

/// True for weights that are read with the files beside them: it is their directory that is a model.
inline bool belongs_to_directory(const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    return name == "model.bin" || name.starts_with("model.safetensors");
}

}  // namespace npuscribe
