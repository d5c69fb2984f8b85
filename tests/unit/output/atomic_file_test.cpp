#include "output/atomic_file.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iterator>
#include <stdexcept>

#include "base/error.h"
#include "catch.h"
#include "data_paths.h"
#include "needs.h"
#include "temporary_directory.h"

namespace npuscribe::output {
namespace fs = std::filesystem;
namespace {

using Directory = test::TemporaryDirectory;

size_t entries(const Directory& directory) {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a written file holds the bytes, and no other file is left") {
    const Directory directory;
    write_file(directory / "a.txt", std::string_view("one\0two\n", 8));
    CHECK(test::read_file(directory / "a.txt") == std::string("one\0two\n", 8));
    write_file(directory / "a.txt", "again");
    CHECK(test::read_file(directory / "a.txt") == "again");
    CHECK(entries(directory) == 1);
}

TEST_CASE("the old file stays complete until the new one is committed") {
    const Directory directory;
    write_file(directory / "a.txt", "old");
    AtomicFile file(directory / "a.txt");
    file.write("half of the n");
    CHECK(test::read_file(directory / "a.txt") == "old");
    file.write("ew");
    file.commit();
    CHECK(test::read_file(directory / "a.txt") == "half of the new");
}

TEST_CASE("temporary files of killed processes are removed, but not those of living ones, nor other files") {
    const Directory directory;
    const pid_t child = ::fork();
    if (child == 0) {
        AtomicFile file(directory / "a.txt");
        file.write("half");
        ::_exit(0);  // like a killed process, it cleans nothing up
    }
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK(entries(directory) == 1);
    AtomicFile living(directory / "b.txt");
    living.write("more than");
    for (const char* name :
         {".npuscribe-short.part", ".npuscribe-ABCDEFGH.part", "npuscribe-abcdefgh.part", "x.part"})
        directory.touch(name);
    CHECK(remove_leftovers(directory.path()) == 1);
    CHECK(entries(directory) == 5);
    living.write(" half");
    living.commit();
    CHECK(test::read_file(directory / "b.txt") == "more than half");
    CHECK(remove_leftovers(directory / "none") == 0);
}

TEST_CASE("an exception before the commit leaves no file behind") {
    const Directory directory;
    CHECK_THROWS_AS(
        [&] {
            AtomicFile file(directory / "a.txt");
            file.write("half");
            throw std::runtime_error("stop");
        }(),
        std::runtime_error);
    CHECK(entries(directory) == 0);
}

TEST_CASE("a new file has the permissions that the umask allows") {
    const Directory directory;
    const mode_t before = ::umask(027);
    write_file(directory / "a.txt", "x");
    ::umask(before);
    struct stat status {};
    REQUIRE(::stat((directory / "a.txt").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("a symbolic link is followed, not replaced") {
    const Directory directory;
    write_file(directory / "real.txt", "old");
    fs::create_symlink("real.txt", directory / "link.txt");
    write_file(directory / "link.txt", "new");
    CHECK(fs::is_symlink(directory / "link.txt"));
    CHECK(test::read_file(directory / "real.txt") == "new");
}

TEST_CASE("a device is written, not replaced") {
    write_file("/dev/null", "x");
    CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a path that cannot be written is an error with its name and the reason") {
    const Directory directory;
    const auto message = [](const fs::path& path) {
        return test::message_of<OutputError>([&] { write_file(path, "x"); });
    };
    CHECK(test::contains(message(directory.path()), directory.path().string() + ": it is a directory"));
    CHECK(test::contains(message(directory / "no/a.txt"),
                         "there is no directory " + (directory / "no").string()));
    write_file(directory / "file", "x");
    CHECK(test::contains(message(directory / "file/a.txt"),
                         (directory / "file").string() + " is not a directory"));
    CHECK(test::contains(message("/proc/a.txt"), "/proc/a.txt"));
    CHECK(entries(directory) == 1);
}

TEST_CASE("a full disk is an error, not a short file") {
    REQUIRE(fs::exists("/dev/full"));  // every Linux has it
    const std::string message = test::message_of<OutputError>([] { write_file("/dev/full", "x"); });
    CHECK(test::contains(message, "/dev/full: the disk is full"));
}

TEST_CASE("a directory that may not be written to is an error that says so", "[needs-user]") {
    if (::geteuid() == 0) test::skip("needs-user", "root may write everywhere");
    const Directory directory;
    fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec);
    CHECK(test::contains(test::message_of<OutputError>([&] { write_file(directory / "a.txt", "x"); }),
                         "not writable"));
    CHECK(test::contains(test::message_of<OutputError>([&] { prepare_directory(directory.path()); }),
                         "cannot write"));
    fs::permissions(directory.path(), fs::perms::owner_all);
}

TEST_CASE("an output directory is made with its parents; a file in its place is an error") {
    const Directory directory;
    prepare_directory(directory / "a/b/c");
    CHECK(fs::is_directory(directory / "a/b/c"));
    CHECK_NOTHROW(prepare_directory(directory / "a/b/c"));
    write_file(directory / "file", "x");
    const std::string in_the_way = (directory / "file").string() + " is a file";
    for (const char* below : {"file", "file/", "file/a", "file/a/b"}) {
        CHECK(test::contains(test::message_of<OutputError>([&] { prepare_directory(directory / below); }),
                             in_the_way));
    }
    CHECK(entries(directory) == 2);  // the trial file is removed
    if (fs::exists("/proc/self")) {  // root may write to it, but no file can be made there
        CHECK(test::contains(test::message_of<OutputError>([] { prepare_directory("/proc"); }),
                             "cannot write to the directory /proc"));
    }
}

}  // namespace npuscribe::output
