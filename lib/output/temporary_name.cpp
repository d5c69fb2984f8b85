#include "output/temporary_name.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>

#include "base/fnv1a.h"
#include "base/text.h"

namespace npuscribe::output {
namespace {

constexpr std::string_view kBegin = ".npuscribe-";
constexpr std::string_view kEnd = ".part";

std::string hash(std::string_view text) {
    return fmt::format("{:016x}", fnv1a(text));
}

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string machine() {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    std::error_code ignored;
    const std::string processes = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
    return hash(std::string(host.data()) + content("/proc/sys/kernel/random/boot_id") + processes);
}

/// When a process began, in ticks since the machine did: field 22 of proc(5)'s stat. Nothing: there is none.
std::optional<uint64_t> start_of(const std::string& process) {
    const std::string stat = content("/proc/" + process + "/stat");
    const size_t name_end = stat.rfind(')');  // the name before it may hold anything
    if (name_end == stat.npos) return std::nullopt;
    std::istringstream rest(stat.substr(name_end + 1));
    constexpr int kFieldsBefore = 19;  // 3 to 21
    std::string field;
    for (int i = 0; i < kFieldsBefore; ++i) rest >> field;
    uint64_t start = 0;
    if (!(rest >> start)) return std::nullopt;
    return start;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

std::string temporary_name(std::string_view target, int attempt) {
    const std::string process = fmt::to_string(getpid());
    return fmt::format("{}{}-{}-{}-{}-{}{}", kBegin, hash(target), machine(), process,
                       start_of(process).value_or(0), attempt, kEnd);
}

Writer writer_of(std::string_view name) {
    if (!name.starts_with(kBegin) || !name.ends_with(kEnd) || name.size() < kBegin.size() + kEnd.size())
        return Writer::none;
    const std::string_view middle = name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
    // Older versions put 8 letters here.
    if (middle.size() == 8 && middle.find_first_not_of("abcdefghijklmnopqrstuvwxyz012345") == middle.npos)
        return Writer::unknown;
    const auto parts = split(middle, '-');
    constexpr size_t kParts = 5;
    if (parts.size() != kParts || !is_number(parts[2]) || !is_number(parts[3])) return Writer::none;
    if (parts[1] != machine() || !start_of("self")) return Writer::unknown;
    const auto start = start_of(std::string(parts[2]));
    return start && fmt::to_string(*start) == parts[3] ? Writer::alive : Writer::dead;
}

}  // namespace npuscribe::output
