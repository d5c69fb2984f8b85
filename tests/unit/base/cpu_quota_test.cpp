#include "base/cpu_quota.h"

#include <sched.h>

#include "base/thread_pool.h"
#include "catch.h"
#include "temporary_directory.h"

using npuscribe::cpu_quota;
using npuscribe::test::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

/// What a process in these groups would see.
std::optional<double> quota_of(const TemporaryDirectory& directory, const std::string& groups) {
    directory.write("groups", groups);
    return cpu_quota(directory / "groups", directory.path());
}

}  // namespace

TEST_CASE("the quota of cgroup v2 is the least of the group and those around it") {
    const TemporaryDirectory directory;
    fs::create_directories(directory / "a/b");
    CHECK(quota_of(directory, "0::/a/b\n") == std::nullopt);
    directory.write("a/b/cpu.max", "max 100000\n");
    CHECK(quota_of(directory, "0::/a/b\n") == std::nullopt);
    directory.write("a/cpu.max", "150000 100000\n");
    CHECK(quota_of(directory, "0::/a/b\n") == 1.5);
    directory.write("a/b/cpu.max", "50000 100000\n");
    CHECK(quota_of(directory, "0::/a/b\n") == 0.5);
    CHECK(quota_of(directory, "0::/a\n") == 1.5);
}

TEST_CASE("a container's own group is the root of what it sees") {
    const TemporaryDirectory directory;
    directory.write("cpu.max", "200000 100000\n");
    CHECK(quota_of(directory, "0::/\n") == 2);
    CHECK(quota_of(directory, "0::/docker/0123456789\n") == 2);
}

TEST_CASE("the quota of cgroup v1 counts, too") {
    const TemporaryDirectory directory;
    fs::create_directories(directory / "cpu,cpuacct/job");
    directory.write("cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    directory.write("cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
    CHECK(quota_of(directory, "4:cpu,cpuacct:/job\n0::/\n") == std::nullopt);
    directory.write("cpu,cpuacct/job/cpu.cfs_quota_us", "50000\n");
    CHECK(quota_of(directory, "4:cpu,cpuacct:/job\n0::/\n") == 0.5);
    CHECK(quota_of(directory, "4:cpuset:/job\n0::/\n") == std::nullopt);
}

TEST_CASE("files of another form limit nothing") {
    const TemporaryDirectory directory;
    for (const char* text : {"", "x y\n", "100000\n", "100000 0\n", "-5 -5\n"}) {
        directory.write("cpu.max", text);
        CHECK(quota_of(directory, "0::/\n") == std::nullopt);
    }
    CHECK(quota_of(directory, "nonsense\n::\n") == std::nullopt);
    CHECK(cpu_quota(directory / "missing", directory.path()) == std::nullopt);
}

TEST_CASE("a process on one CPU of several has one") {
    cpu_set_t before;
    REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    }
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(npuscribe::available_cpus() == 1);
    REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
    CHECK(npuscribe::available_cpus() >= 1);
    CHECK(npuscribe::available_cpus() <= static_cast<size_t>(CPU_COUNT(&before)));
}
