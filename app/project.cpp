#include "bench/project.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bench/study/corrections.h"
#include "bench_options.h"
#include "bench_output.h"
#include "commands.h"
#include "console.h"
#include "signals.h"

namespace npuscribe::app {
namespace {

bench::Result measure(const ProjectSettings& settings) {
    std::atomic<bool>& interrupted = watch_signals();
    Console console(Loudness::normal);
    ThreadPool pool(settings.threads);
    bench::Result result = bench::project(settings.options, pool, [&](const std::string& what) {
        if (interrupted) throw Cancelled();
        console.progress("project: " + what);
    });
    console.clear();
    return result;
}

void run(const ProjectSettings& settings) {
    if (settings.notes) {
        show({bench::corrections_result(false)}, settings.json);
    } else {
        bench::Result brief = bench::corrections_result(true);
        brief.name += " (npuscribe project --notes says it in full)";
        show({measure(settings), std::move(brief)}, settings.json);
    }
}

}  // namespace

void add_project(CLI::App& root) {
    CLI::App* command = root.add_subcommand("project",
                                            "Project the encoder's performance for every size of Whisper\n"
                                            "Shows time, realtime factor, bytes moved, buffers, energy and "
                                            "battery life: as stated by the study \"Phase 5 "
                                            "Track 2: Performance Analysis & Projections\", as given by the "
                                            "model of the NPU's array, and as measured on "
                                            "this CPU. Below that, it lists what the study got wrong.");
    const auto settings = std::make_shared<ProjectSettings>();
    add_project_options(*command, *settings);
    command->callback([settings] { run(*settings); });
}

}  // namespace npuscribe::app
