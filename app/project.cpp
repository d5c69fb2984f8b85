#include "bench/project.h"

#include <spdlog/fmt/fmt.h>

#include <cstdio>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bench/study/corrections.h"
#include "bench_options.h"
#include "bench_output.h"
#include "command_line.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "signals.h"

namespace npuscribe::app {
namespace {

std::string help(const std::vector<Option>& options) {
    return "Usage: npuscribe project [OPTIONS]\n\n"
           "What Whisper's encoder takes, for every size: time, realtime factor, bytes moved, buffers, "
           "energy, battery. As\n"
           "the study states it (\"Phase 5 Track 2: Performance Analysis & Projections\"), as the model of "
           "the NPU's array\n"
           "gives it, and as this CPU measures. Below it what the study got wrong: in full with --notes.\n" +
           help_text(options);
}

bench::Result run(const ProjectSettings& settings) {
    const bench::ProjectOptions options = to_project(settings);
    std::atomic<bool>& interrupted = watch_signals();
    Console console(Loudness::normal);
    ThreadPool pool(settings.threads);
    bench::Result result = bench::project(options, pool, [&](const std::string& what) {
        if (interrupted) throw Cancelled();
        console.progress("project: " + what);
    });
    console.clear();
    return result;
}

}  // namespace

int project(const std::vector<std::string>& arguments) {
    ProjectSettings settings;
    const std::vector<Option> options = project_options(settings);
    if (asks_for_help(arguments)) {
        std::fputs(help(options).c_str(), stdout);
        return kDone;
    }
    const std::vector<std::string> words = parse(options, arguments);
    if (!words.empty())
        throw UsageError(fmt::format("project: '{}' was given; it takes options only", words[0]));
    if (settings.notes) {
        show({bench::corrections_result(false)}, settings.json);
    } else {
        bench::Result brief = bench::corrections_result(true);
        brief.name += " (npuscribe project --notes says it in full)";
        show({run(settings), std::move(brief)}, settings.json);
    }
    return kDone;
}

}  // namespace npuscribe::app
