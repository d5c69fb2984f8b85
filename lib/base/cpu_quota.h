#pragma once
// How much of the machine's CPUs a control group lets a process use.

#include <filesystem>
#include <optional>

namespace npuscribe {

/// The number of CPUs, such as 0.5 or 2, whose time the process may use by the quotas of its control group
/// and of those around it: cpu.max in version 2 of cgroups, cpu.cfs_quota_us and cpu.cfs_period_us in
/// version 1. Nothing if none limits it, or if they cannot be read. `groups` names the process's groups, and
/// `mount` is where cgroups are mounted; both are for tests. See cgroups(7) and the kernel's cgroup-v2.rst.
std::optional<double> cpu_quota(const std::filesystem::path& groups = "/proc/self/cgroup",
                                const std::filesystem::path& mount = "/sys/fs/cgroup");

}  // namespace npuscribe
