#include "container.h"

#include <cstring>

namespace npuscribe::xrt_double {
namespace {

constexpr const char kFirstLine[] = "npuscribe: for tests/xrt_double, not for an NPU\n";
constexpr uint32_t kMagic = 0x7842444EU;
constexpr size_t kHeaderWords = 6;  // magic, m, k, n, result, bytes of the name that follows

}  // namespace

std::string write_container(const std::string& program) {
    return kFirstLine + program + "\n";
}

std::optional<std::string> read_container(const std::string& bytes) {
    const std::string first = kFirstLine;
    if (bytes.compare(0, first.size(), first) != 0 || bytes.back() != '\n') return {};
    return bytes.substr(first.size(), bytes.size() - first.size() - 1);
}

std::vector<uint32_t> write_instructions(const Instructions& instructions) {
    const std::string& name = instructions.program;
    std::vector<uint32_t> words(kHeaderWords + (name.size() + 3) / 4);
    words[0] = kMagic;
    words[1] = static_cast<uint32_t>(instructions.m);
    words[2] = static_cast<uint32_t>(instructions.k);
    words[3] = static_cast<uint32_t>(instructions.n);
    words[4] = instructions.result;
    words[5] = static_cast<uint32_t>(name.size());
    std::memcpy(words.data() + kHeaderWords, name.data(), name.size());
    return words;
}

std::optional<Instructions> read_instructions(std::span<const uint32_t> words) {
    if (words.size() < kHeaderWords || words[0] != kMagic ||
        words.size() != kHeaderWords + (words[5] + 3) / 4)
        return {};
    const auto* name = reinterpret_cast<const char*>(words.data() + kHeaderWords);
    return Instructions{std::string(name, words[5]), words[1], words[2], words[3], words[4]};
}

}  // namespace npuscribe::xrt_double
