#pragma once
// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, which the first use loads. Every function throws Error if
// libcrypto is not installed.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace npuscribe {

/// The hash of bytes that come piece by piece.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::span<const std::byte> bytes);
    /// The hash in hexadecimal, lower case. Call it once, after the last update.
    std::string finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// The hash of `bytes` in hexadecimal, lower case.
std::string sha256(std::span<const uint8_t> bytes);

/// The hash of a file's bytes; none if it cannot be read or if `stop`, which is called now and then, returns
/// true.
std::optional<std::string> sha256_of_file(const std::filesystem::path& file,
                                          const std::function<bool()>& stop = {});

}  // namespace npuscribe
