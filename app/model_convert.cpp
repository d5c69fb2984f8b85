// npuscribe model convert: a checkpoint to npuscribe's own file.

#include <spdlog/fmt/fmt.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "command_line.h"
#include "commands.h"
#include "exit_code.h"
#include "model/container.h"
#include "model/model.h"
#include "output/atomic_file.h"
#include "signals.h"
#include "version.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

struct Settings {
    bool force = false;
    size_t threads = 0;
};

std::vector<Option> convert_options(Settings& s) {
    constexpr const char* kGroup = "Options of convert";
    return {{"force", 'f', "", kGroup, "replace DEST where it is there already", toggle(s.force)},
            {"threads", 't', "N", kGroup, "CPU threads; 0: one for each CPU", integer(s.threads, 0, 1024)}};
}

// A directory gets a file of the model's name; nothing given is the place where models are looked for.
fs::path destination(const std::optional<std::string>& given, const std::string& name) {
    const std::string file = name + std::string(container::kSuffix);
    if (!given) {
        output::prepare_directory(models_directory());
        return models_directory() / file;
    }
    std::error_code ignored;
    const fs::path path(*given);
    return given->ends_with('/') || fs::is_directory(path, ignored) ? path / file : path;
}

uintmax_t size_on_disk(const fs::path& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return fs::file_size(path, error);
    uintmax_t bytes = 0;
    for (const char* file : {"model.bin", "model.safetensors"}) {
        if (const uintmax_t size = fs::file_size(path / file, error); !error) bytes += size;
    }
    return bytes;
}

void check_space(const fs::path& dest, uintmax_t wanted) {
    std::error_code error;
    const fs::path directory = dest.has_parent_path() ? dest.parent_path() : fs::path(".");
    const fs::space_info space = fs::space(directory, error);
    if (error || space.available >= wanted) return;
    throw OutputError(
        fmt::format("cannot write {}: it takes about {} MB, and {} has {} MB free; make room, or "
                    "name another place",
                    dest.string(), wanted / 1'000'000, directory.string(), space.available / 1'000'000));
}

std::string megabytes(uintmax_t bytes) {
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace

std::string model_convert_help() {
    Settings defaults;
    return help_text(convert_options(defaults));
}

int model_convert(const std::vector<std::string>& arguments) {
    Settings settings;
    const std::vector<Option> options = convert_options(settings);
    const std::vector<std::string> words = parse(options, arguments);
    if (words.empty() || words.size() > 2) {
        throw UsageError(
            fmt::format("model convert: it needs a model and at most one place to write to, as in "
                        "npuscribe model convert SOURCE DEST; {} were given",
                        words.size()));
    }
    const Stopwatch watch;
    const Model source = load_model(words[0], Prefer::original);
    if (source.checkpoint->panels("encoder.blocks.0.mlp.0.weight"))
        throw UsageError(
            fmt::format("model convert: {} has been converted already; give the model that it was "
                        "made from",
                        source.path.string()));
    const fs::path dest =
        destination(words.size() == 2 ? std::optional(words[1]) : std::nullopt, source.name);
    std::error_code ignored;
    if (!settings.force && fs::is_regular_file(dest, ignored))
        throw OutputError(dest.string() + ": is there already; --force replaces it");

    std::atomic<bool>& interrupted = watch_signals();
    output::AtomicFile file(dest);
    check_space(dest, container::expected_size(source.dimensions()));
    ThreadPool pool(settings.threads);
    uintmax_t written = 0;
    container::write(*source.checkpoint, source.tokenizer, "npuscribe " + version(), pool,
                     [&](std::string_view bytes) {
                         if (interrupted) throw Cancelled();
                         file.write(bytes);
                         written += bytes.size();
                     });
    file.commit();
    fmt::print("{}: {}, from {} of {} in {:.1f} s\n", dest.string(), megabytes(written),
               megabytes(size_on_disk(source.path)), source.path.string(), watch.seconds());
    return kDone;
}

}  // namespace npuscribe::app
