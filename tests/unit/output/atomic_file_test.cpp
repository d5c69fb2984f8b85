#include "output/atomic_file.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <stdexcept>

#include "base/error.h"
#include "catch.h"
#include "data_paths.h"
#include "needs.h"
#include "output/temporary_name.h"
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

TEST_CASE("a temporary file tells who writes it, and is removed when that is known to have ended") {
    CHECK(writer_of(temporary_name("a.txt", 0)) == Writer::alive);
    CHECK(temporary_name("a.txt", 0) != temporary_name("b.txt", 0));
    CHECK(temporary_name("a.txt", 0) != temporary_name("a.txt", 1));
    for (const char* name : {"a.txt", ".npuscribe-short.part", ".npuscribe-ABCDEFGH.part", ".npuscribe-.part",
                             ".npuscribe-1-2-3-4.part", ".npuscribe-1-2-x-4-0.part"}) {
        INFO(name);
        CHECK(writer_of(name) == Writer::none);
    }
    // Another machine's process of the same number may live; so may an older version's.
    const Directory directory;
    for (const char* name :
         {".npuscribe-0123456789abcdef-fedcba9876543210-1-1-0.part", ".npuscribe-abcdefgh.part"}) {
        INFO(name);
        CHECK(writer_of(name) == Writer::unknown);
        const fs::path path = directory.touch(name);
        CHECK(remove_leftovers(directory.path()) == 0);
        fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
        CHECK(remove_leftovers(directory.path()) == 1);
    }
}

TEST_CASE("a file that is replaced keeps its permissions") {
    const Directory directory;
    for (const auto mode : {fs::perms(0600), fs::perms(0640), fs::perms(0664), fs::perms(0444)}) {
        directory.write("a.txt", "old");
        fs::permissions(directory / "a.txt", mode);
        write_file(directory / "a.txt", "new");
        CHECK(fs::status(directory / "a.txt").permissions() == mode);
        AtomicFile derived(DerivedPath{directory.path(), "a.txt"});
        derived.write("newer");
        derived.commit();
        CHECK(fs::status(directory / "a.txt").permissions() == mode);
        CHECK(test::read_file(directory / "a.txt") == "newer");
        fs::remove(directory / "a.txt");
    }
}

TEST_CASE("a derived path is not led elsewhere by links") {
    const Directory directory;
    const fs::path victim = directory.write("victim", "mine");
    fs::create_directories(directory / "out/real");
    fs::create_symlink(victim, directory / "out/link.txt");
    AtomicFile file(DerivedPath{directory / "out", "link.txt"});
    file.write("yours");
    file.commit();
    CHECK(test::read_file(victim) == "mine");
    CHECK(test::read_file(directory / "out/link.txt") == "yours");
    CHECK_FALSE(fs::is_symlink(directory / "out/link.txt"));

    fs::create_directory_symlink(directory / "out/real", directory / "out/other");
    const DerivedPath through{directory / "out", "other/a.txt"};
    CHECK(test::contains(test::message_of<OutputError>([&] { AtomicFile{through}; }),
                         "out/other: it is a link"));
    CHECK(test::contains(test::message_of<OutputError>([&] {
                             prepare_directory(DerivedPath{directory / "out", "other/new"});
                         }),
                         "out/other: it is a link"));
    prepare_directory(DerivedPath{directory / "out", "new/er"});
    CHECK(fs::is_directory(directory / "out/new/er"));
    CHECK(fs::is_empty(directory / "out/real"));
}

TEST_CASE("what is no file, in a derived file's place, is an error with its kind") {
    const Directory directory;
    fs::create_directories(directory / "a.txt");
    REQUIRE(::mkfifo((directory / "b.txt").c_str(), 0600) == 0);
    const auto message = [&](const char* name) {
        return test::message_of<OutputError>([&] { AtomicFile{DerivedPath{directory.path(), name}}; });
    };
    CHECK(test::contains(message("a.txt"), "it is a directory"));
    CHECK(test::contains(message("b.txt"), "it is a pipe"));
    CHECK(test::contains(test::message_of<OutputError>([] {
                             AtomicFile{DerivedPath{"/dev", "null"}};
                         }),
                         "it is a device"));
}

TEST_CASE("another user's file in a sticky directory is not replaced, and the error says why",
          "[needs-root]") {
    if (::geteuid() != 0) test::skip("needs-root", "only root can be two users");
    const Directory directory;
    const fs::path shared = directory / "shared";
    fs::create_directory(shared);
    fs::permissions(directory.path(), fs::perms::all);
    fs::permissions(shared, fs::perms::all | fs::perms::sticky_bit);
    write_file(shared / "a.txt", "root's");
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        int code = 1;
        if (::setuid(kNobody) == 0) {
            try {
                AtomicFile file(DerivedPath{shared, "a.txt"});
                file.write("nobody's");
                file.commit();
            } catch (const OutputError& error) {
                code = std::string(error.what()).find("belongs to another user") != std::string::npos ? 0 : 2;
            }
            AtomicFile own(DerivedPath{shared, "b.txt"});
            own.write("nobody's");
            own.commit();
        }
        ::_exit(code);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(test::read_file(shared / "a.txt") == "root's");
    // Root may replace it, but the other user's permissions do not widen root's.
    fs::permissions(shared / "b.txt", fs::perms(0666));
    AtomicFile file(DerivedPath{shared, "b.txt"});
    file.write("root's");
    file.commit();
    CHECK((fs::status(shared / "b.txt").permissions() & fs::perms::others_write) == fs::perms::none);
    CHECK(std::distance(fs::directory_iterator(shared), fs::directory_iterator()) == 2);
}

TEST_CASE("an attribute is kept with the file, where the file system can") {
    const Directory directory;
    AtomicFile file(directory / "a.txt");
    file.write("x");
    const bool kept = file.set_attribute("user.npuscribe", "one\ntwo");
    file.commit();
    CHECK(attribute(directory / "a.txt", "user.npuscribe") == (kept ? "one\ntwo" : ""));
    CHECK(attribute(directory / "a.txt", "user.other").empty());
    CHECK(attribute(directory / "none", "user.npuscribe").empty());
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
