#pragma once
// SHA-256 (FIPS 180-4), by OpenSSL's libcrypto, which is loaded for the first. Throws Error where it is not
// there.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace npuscribe {

/// Of bytes that come piece by piece.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::span<const std::byte> bytes);
    /// In hexadecimal, lower case. Call it once, last.
    std::string finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// In hexadecimal, lower case.
std::string sha256(std::span<const uint8_t> bytes);

/// Of a file's bytes; nothing where it cannot be read. `stop` is asked now and then; true ends it, with
/// nothing.
std::optional<std::string> sha256_of_file(const std::filesystem::path& file,
                                          const std::function<bool()>& stop = {});

}  // namespace npuscribe
