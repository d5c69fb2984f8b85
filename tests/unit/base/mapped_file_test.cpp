#include "base/mapped_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <span>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe {
namespace {

constexpr int kTold = 42;

/// The exit code of a child that runs `work`; a signal's number below 0.
template <class Work>
int in_child(const Work& work) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        work();
        _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

unsigned sum(std::span<const std::byte> bytes) {
    unsigned all = 0;
    for (const std::byte byte : bytes) all += std::to_integer<unsigned>(byte);
    return all;
}

}  // namespace

TEST_CASE("reading what a mapped file lost ends in a call that names the file") {
    const test::TemporaryDirectory directory;
    const std::string path = (directory / "model").string();
    directory.write("model", std::string(1 << 20, 'x'));
    directory.write("other", std::string(100, 'x'));
    static std::string wanted;
    wanted = path;
    CHECK(in_child([&] {
              watch_truncation([](const char* name) { _exit(wanted == name ? kTold : 1); });
              const MappedFile other(directory / "other");
              const MappedFile file(path);
              MappedFile moved(directory / "other");
              if (truncate(path.c_str(), 5000) != 0 || file.is_whole() || !other.is_whole()) _exit(2);
              _exit(sum(file.bytes()) > 0 ? 3 : 4);
          }) == kTold);
}

TEST_CASE("another fault still ends the process by its signal") {
    const test::TemporaryDirectory directory;
    const std::string path = (directory / "model").string();
    directory.write("model", std::string(100, 'x'));
    CHECK(in_child([&] {
              watch_truncation([](const char*) { _exit(kTold); });
              const MappedFile file(path);
              raise(SIGBUS);
              raise(SIGBUS);
          }) == -SIGBUS);
}

}  // namespace npuscribe
