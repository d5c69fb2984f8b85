#include "base/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace npuscribe {
namespace fs = std::filesystem;
namespace {

std::optional<double> quota_v2(const fs::path& group) {
    std::ifstream file(group / "cpu.max");
    std::string quota;  // a number of microseconds, or "max"
    double period = 0;
    if (!(file >> quota >> period) || period <= 0 || quota.empty() || quota == "max") return std::nullopt;
    try {
        return std::stod(quota) / period;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

std::optional<double> quota_v1(const fs::path& group) {
    double quota = 0;  // -1: none
    double period = 0;
    if (!(std::ifstream(group / "cpu.cfs_quota_us") >> quota)) return std::nullopt;
    if (!(std::ifstream(group / "cpu.cfs_period_us") >> period)) return std::nullopt;
    if (quota <= 0 || period <= 0) return std::nullopt;
    return quota / period;
}

/// The least quota of `group` and the groups around it, up to the mount.
template <class Quota>
std::optional<double> least(const fs::path& mount, std::string_view group, Quota quota_of) {
    std::optional<double> out;
    // A container sees its own group as the root, whatever name the file gives.
    fs::path below = fs::path(group).relative_path();
    while (true) {
        const std::optional<double> here = quota_of(mount / below);
        if (here && (!out || *here < *out)) out = here;
        if (below.empty()) return out;
        below = below.parent_path();
    }
}

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& groups, const fs::path& mount) {
    std::ifstream file(groups);
    std::optional<double> out;
    for (std::string line; std::getline(file, line);) {
        const size_t first = line.find(':');
        const size_t second = line.find(':', first + 1);
        if (first == line.npos || second == line.npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        if (controllers.empty()) {
            out = smaller(out, least(mount, group, quota_v2));
            continue;
        }
        const std::vector<std::string_view> names = split(controllers, ',');
        if (std::find(names.begin(), names.end(), "cpu") == names.end()) continue;
        // Its directory has the names of the controllers, in any order, or a link of one of them.
        for (const std::string& name : {controllers, std::string("cpu")})
            out = smaller(out, least(mount / name, group, quota_v1));
    }
    return out;
}

}  // namespace npuscribe
