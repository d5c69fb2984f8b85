// npuscribe model convert: a checkpoint to npuscribe's own file.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "commands.h"
#include "device_options.h"
#include "model/container.h"
#include "model/model.h"
#include "option.h"
#include "output/atomic_file.h"
#include "signals.h"
#include "terminal_text.h"
#include "version.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

struct Settings {
    std::string source;
    std::string destination;  // empty: not given
    bool force = false;
    size_t threads = 0;
};

// A directory gets a file named after the model. Without a destination, the file goes to the fetched models.
fs::path destination(const std::string& given, const std::string& name) {
    const std::string file = name + std::string(container::kSuffix);
    if (given.empty()) {
        output::prepare_directory(models_directory());
        return models_directory() / file;
    }
    std::error_code ignored;
    const fs::path path(given);
    return given.ends_with('/') || fs::is_directory(path, ignored) ? path / file : path;
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

void run(const Settings& settings) {
    const Stopwatch watch;
    const Model source = load_model(settings.source, Prefer::original);
    if (source.checkpoint->panels("encoder.blocks.0.mlp.0.weight"))
        throw UsageError(fmt::format("{} has been converted already; give the model that it was made from",
                                     source.path.string()));
    const fs::path dest = destination(settings.destination, source.name);
    std::error_code ignored;
    if (!settings.force && fs::is_regular_file(dest, ignored))
        throw OutputError(fmt::format("{} exists already; give --force to replace it", dest.string()));

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
    fmt::print("{}: {}, from {} of {} in {:.1f} s\n", printable(dest.string()), megabytes(written),
               megabytes(size_on_disk(source.path)), printable(source.path.string()), watch.seconds());
}

}  // namespace

void add_model_convert(CLI::App& model) {
    CLI::App* command = model.add_subcommand(
        "convert",
        "Write a model as one file of BFP16 blocks\n"
        "The file takes about half the space of 16-bit weights and loads faster. In the directory of "
        "fetched models, its name stands for the model; --precision fp32 and bf16 still use the original "
        "if it is there.");
    const auto settings = std::make_shared<Settings>();
    option(*command, "SOURCE", "", settings->source, "Name or path of the model")->required();
    const CLI::Option* destination =
        option(*command, "DEST", "", settings->destination,
               "File or directory to write to (default: the directory of fetched models)");
    command->option_defaults()->group("Options");
    toggle(*command, "-f,--force", settings->force, "Replace the file if it exists");
    add_threads_option(*command, settings->threads);
    command->callback([settings, destination] {
        if (!destination->empty() && settings->destination.empty())
            refuse("", "DEST", "a file or a directory");
        run(*settings);
    });
}

}  // namespace npuscribe::app
