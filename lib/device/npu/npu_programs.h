#pragma once
// The array programs that are installed: xclbins and instruction streams, as the build of kernels/ leaves
// them beside a manifest. Nothing of a directory is used that its manifest does not vouch for.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace npuscribe {

/// The instructions of one padded matmul, C [m × n] = A [m × k] · B [n × k]ᵀ.
struct NpuShape {
    size_t m = 0, k = 0, n = 0;
    std::filesystem::path instructions;  // 32-bit words, little-endian
    std::string sha256;
};

/// One xclbin. Its shapes differ in their instructions alone, so all of them run in one hardware context.
struct NpuProgram {
    std::string name;  // of kernels/plan.json: "bfp16_64x64x64"
    size_t tile_m = 0, tile_k = 0, tile_n = 0;
    std::filesystem::path xclbin;
    std::string sha256;
    std::vector<NpuShape> shapes;

    /// Null where there are no instructions for it.
    const NpuShape* find(size_t m, size_t k, size_t n) const;
};

/// $NPUSCRIBE_XCLBIN_DIR, else share/npuscribe/xclbin under the directory above the program's own.
std::filesystem::path xclbin_directory();

class NpuPrograms {
  public:
    /// Reads `directory`/manifest.json. Where there is none, the list is empty and `why_empty` says so.
    /// Throws DeviceError for a manifest that is damaged or of another layout version than
    /// kernels/plan.json's.
    explicit NpuPrograms(const std::filesystem::path& directory);

    const std::vector<NpuProgram>& all() const { return programs_; }
    size_t shapes() const;
    /// Null where it is not installed.
    const NpuProgram* find(const std::string& name) const;
    /// "no shape" or "bfp16_64x64x64 with 512×512×512, …": for errors.
    std::string describe() const;
    const std::filesystem::path& directory() const { return directory_; }
    const std::string& why_empty() const { return why_empty_; }

  private:
    std::filesystem::path directory_;
    std::vector<NpuProgram> programs_;
    std::string why_empty_;
};

/// The file's bytes. Throws DeviceError where it cannot be read or its SHA-256 is not `sha256` (hexadecimal).
std::vector<uint8_t> read_verified(const std::filesystem::path& file, const std::string& sha256);

}  // namespace npuscribe
