#pragma once
// The array programs that are installed: xclbins and instruction streams, with the manifest that
// kernels/build.py writes beside them. A file is used only if the manifest lists it with the SHA-256 that it
// has.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "device/array/array_plan.h"

namespace npuscribe {

/// The instructions of one padded matmul, C [m × n] = A [m × k] · B [n × k]ᵀ.
struct NpuShape {
    size_t m = 0, k = 0, n = 0;
    array::Result result = array::Result::sums;
    std::filesystem::path instructions;  // 32-bit words, little-endian
    std::string sha256;
};

/// One xclbin. Its shapes differ only in their instructions, so all of them run in one hardware context.
struct NpuProgram {
    std::string name;  // of kernels/plan.json: "bfp16_128x32x64"
    size_t tile_m = 0, tile_k = 0, tile_n = 0;
    std::filesystem::path xclbin;
    std::string sha256;
    std::vector<NpuShape> shapes;

    /// Null if there are no instructions for the shape.
    const NpuShape* find(size_t m, size_t k, size_t n, array::Result result) const;
    /// A shape with these weights, of any rows and result.
    const NpuShape* any(size_t k, size_t n) const;
};

/// $NPUSCRIBE_XCLBIN_DIR, or, if that is not set, ../share/npuscribe/xclbin relative to the program's
/// directory.
std::filesystem::path xclbin_directory();

class NpuPrograms {
  public:
    /// Reads `directory`/manifest.json. If there is none, the list is empty and `why_empty` says so. Throws
    /// DeviceError if the manifest is damaged or has another layout version than kernels/plan.json.
    explicit NpuPrograms(const std::filesystem::path& directory);

    const std::vector<NpuProgram>& all() const { return programs_; }
    size_t shapes() const;
    /// Null if it is not installed.
    const NpuProgram* find(const std::string& name) const;
    /// "bfp16_128x32x64 (12 shapes), …" or "no array program", for errors.
    std::string describe() const;
    const std::filesystem::path& directory() const { return directory_; }
    const std::string& why_empty() const { return why_empty_; }

  private:
    std::filesystem::path directory_;
    std::vector<NpuProgram> programs_;
    std::string why_empty_;
};

/// The file's bytes. Throws DeviceError if it cannot be read or its SHA-256 is not `sha256` (hexadecimal).
std::vector<uint8_t> read_verified(const std::filesystem::path& file, const std::string& sha256);

}  // namespace npuscribe
