// A main for fuzz targets without libFuzzer: runs files, and mutations of them that depend on nothing but
// their number.
//
//   TARGET [--mutations N] FILE OR DIRECTORY...      audio:NAME is in the shared audio, pocketsphinx:NAME in
//   Debian's
// pocketsphinx-testdata. Exits with 77 (skipped) if one of these is not installed, after the others have run.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "data_paths.h"
#include "temporary_directory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;

constexpr size_t kLargestMutated = 100000;  // bytes: headers matter most

class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
    size_t below(size_t limit) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return limit == 0 ? 0 : (state_ >> 33) % limit;
    }

  private:
    uint64_t state_;
};

/// One to eight small changes, most of them near the beginning.
Bytes mutated(const Bytes& original, uint64_t seed) {
    Random random(seed);
    Bytes bytes(original.begin(),
                original.begin() + static_cast<ptrdiff_t>(std::min(original.size(), kLargestMutated)));
    for (size_t change = 1 + random.below(8); change > 0 && !bytes.empty(); --change) {
        const size_t reach = random.below(3) == 0 ? bytes.size() : std::min<size_t>(bytes.size(), 256);
        const size_t at = random.below(reach);
        const auto here = bytes.begin() + static_cast<ptrdiff_t>(at);
        switch (random.below(5)) {
            case 0:
                *here = static_cast<uint8_t>(random.below(256));
                break;
            case 1:
                *here ^= static_cast<uint8_t>(1U << random.below(8));
                break;
            case 2:
                std::fill(here, here + static_cast<ptrdiff_t>(std::min<size_t>(4, bytes.size() - at)), 0xFF);
                break;
            case 3:
                bytes.insert(here, bytes.begin(),
                             bytes.begin() + static_cast<ptrdiff_t>(random.below(reach)));
                break;
            default:
                bytes.resize(random.below(8) == 0 ? at : bytes.size() - random.below(bytes.size() / 2 + 1));
        }
    }
    return bytes;
}

/// The path of an argument; none, and `skipped` set, if it is not installed.
std::optional<fs::path> resolve(const std::string& argument, bool& skipped) {
    using namespace npuscribe::test;
    const auto under = [&](const std::optional<fs::path>& root, size_t prefix) -> std::optional<fs::path> {
        if (!root) {
            std::cout << "SKIPPED: needs-" << argument.substr(0, prefix - 1) << ": " << argument << '\n';
            skipped = true;
            return std::nullopt;
        }
        return *root / argument.substr(prefix);
    };
    if (argument.starts_with("audio:")) return under(shared_audio(), 6);
    if (argument.starts_with("pocketsphinx:")) return under(pocketsphinx_data(), 13);
    return argument;
}

}  // namespace

int main(int argc, char** argv) {
    size_t mutations = 0;
    bool skipped = false;
    std::vector<fs::path> files;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--mutations" && i + 1 < argc) {
            mutations = std::strtoul(argv[++i], nullptr, 10);
            continue;
        }
        const auto path = resolve(argument, skipped);
        if (!path) continue;
        if (fs::is_directory(*path)) {
            for (const auto& entry : fs::recursive_directory_iterator(*path)) {
                if (entry.is_regular_file()) files.push_back(entry.path());
            }
        } else {
            files.push_back(*path);
        }
    }
    std::sort(files.begin(), files.end());
    size_t runs = 0;
    for (const auto& path : files) {
        const std::string content = npuscribe::test::read_file(path);
        const Bytes bytes(content.begin(), content.end());
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        for (size_t i = 0; i < mutations; ++i) {
            const Bytes changed = mutated(bytes, i + 1);
            LLVMFuzzerTestOneInput(changed.data(), changed.size());
        }
        runs += 1 + mutations;
    }
    std::cout << runs << " inputs of " << files.size() << " files\n";
    return skipped || files.empty() ? 77 : 0;
}
