#include "base/sha256.h"

#include <filesystem>

#include "catch.h"
#include "temporary_directory.h"

using namespace npuscribe;

namespace {

std::span<const uint8_t> bytes(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("SHA-256 gives the results of FIPS 180-4's examples") {
    CHECK(sha256({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256(bytes("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a file's SHA-256 is that of its bytes, for a file of any size") {
    const test::TemporaryDirectory directory;
    const auto path = directory.write("a.bin", std::string(1'000'000, 'a'));  // NIST's third example
    CHECK(sha256_of_file(path) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK(sha256_of_file(path, [] { return true; }) == std::nullopt);
    std::filesystem::remove(path);
    CHECK(sha256_of_file(path) == std::nullopt);
}
