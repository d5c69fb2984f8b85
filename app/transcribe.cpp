#include <malloc.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/stopwatch.h"
#include "command_line.h"
#include "commands.h"
#include "config_file.h"
#include "console.h"
#include "exit_code.h"
#include "inputs.h"
#include "npuscribe/npuscribe.h"
#include "output/atomic_file.h"
#include "output/report.h"
#include "outputs.h"
#include "run.h"
#include "signals.h"
#include "terminal_text.h"
#include "transcribe_options.h"
#include "version.h"

namespace npuscribe::app {
namespace {

// From here on, what a window takes (audio, mel, the encoder's output) comes from the system and goes back to
// it. glibc would move it to the heap, between segments that stay until the end, and three hours of audio
// would take some 50 MB more than half an hour does.
void keep_windows_off_the_heap() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
#endif
}

// Opens the session. Whether the model can do what an option asks for is known only when the model is open.
Session make_session(const TranscribeSettings& settings) {
    SessionOptions options;
    options.model = settings.model;
    options.device = settings.device;
    options.precision = settings.precision;
    options.threads = settings.threads;
    options.transcribe = settings.transcribe;
    try {
        Session session(options);
        if (settings.device == "auto") {
            const Setup setup = session.setup();
            spdlog::info("device {} ({}), by --device auto", setup.device, setup.device_description);
            spdlog::debug("{}", session.device_reason());
        }
        keep_windows_off_the_heap();
        return session;
    } catch (const OptionError& error) {
        throw UsageError(fmt::format("--{}", error.what()));
    }
}

bool is_page(const std::string& report) {
    std::string extension = std::filesystem::path(report).extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return extension == ".html" || extension == ".htm";
}

// The table is of whole files: of an interrupted run it would tell little.
void conclude(const output::RunReport& report, const TranscribeSettings& settings, Console& console) {
    using Status = output::FileReport::Status;
    if (output::count(report, Status::interrupted) == 0 && output::count(report, Status::done) > 0) {
        console.print("\n" + output::report_text(report));
    }
    if (report.files.size() > 1 || output::count(report, Status::skipped) > 0) {
        std::istringstream lines(output::summary_text(report));
        std::string shown = "npuscribe: ";
        for (std::string line; std::getline(lines, line);) shown += printable(line) + "\n";
        console.print(shown);
    }
    if (settings.report.empty()) return;
    const bool page = is_page(settings.report);
    output::write_file(settings.report, page ? output::report_html(report) : output::report_json(report));
}

std::string help(const std::vector<Option>& options) {
    std::string out =
        "Usage: npuscribe [transcribe] [OPTIONS] INPUT...\n\n"
        "Transcribes speech. INPUT is an audio file, a directory with audio files, or - for standard input.\n"
        "Transcripts go to stdout, everything else to stderr.\n";
    out += help_text(options);
    out +=
        "\nExit codes: 0 all done; 1 some inputs failed; 2 usage; 3 device or model unavailable; 130 "
        "interrupted.\n"
        "\nExamples:\n"
        "  npuscribe -m base speech.flac\n"
        "  npuscribe -l en --output-format txt,srt --output-dir out --report report.json recordings/\n"
        "  ffmpeg -i film.mkv -f wav - | npuscribe -m tiny.en -\n";
    return out;
}

// The files of --files-from come after those that were typed.
void add_listed(std::vector<std::string>& words, const TranscribeSettings& settings) {
    if (!settings.files_from.empty()) {
        if (settings.files_from == "-" && std::count(words.begin(), words.end(), "-") > 0)
            throw UsageError("--files-from and an input are both '-'; standard input can be read once");
        try {
            for (std::string& name : read_list(settings.files_from)) words.push_back(std::move(name));
        } catch (const UsageError& error) {
            throw UsageError(fmt::format("--files-from: {}", error.what()));
        }
    }
    if (words.empty())
        throw UsageError("no input was given; name audio files or directories, or - for standard input");
}

}  // namespace

int transcribe(const std::vector<std::string>& arguments) {
    TranscribeSettings settings;
    const std::vector<Option> options = transcribe_options(settings);
    if (asks_for_help(arguments)) {
        std::fputs(help(options).c_str(), stdout);
        return kDone;
    }
    std::set<std::string> given;
    std::vector<std::string> words = parse(options, arguments, &given);
    apply_config(settings.config, options, given);
    complete(settings);
    add_listed(words, settings);
    const std::vector<Input> inputs = expand(words, settings.recursive);
    OutputPlan plan = plan_outputs(inputs, formats_to_write(settings), settings.output_dir, settings.report);
    plan.subtitles = settings.subtitles;
    std::atomic<bool>& interrupted = watch_signals();
    Console console(settings.quiet     ? Loudness::quiet
                    : settings.verbose ? Loudness::verbose
                                       : Loudness::normal);
    Run run(inputs, plan, console,
            {!settings.quiet || plan.formats.empty(), settings.skip_existing, !settings.report.empty()});
    output::RunReport report;
    report.version = version();
    report.options = values(options);
    report.files = run.files();
    if (run.empty()) {
        conclude(report, settings, console);
        return run.some_failed() ? kSomeFailed : kDone;
    }

    const Stopwatch wall;
    console.progress("loading " + printable(settings.model));
    Session session = make_session(settings);
    const double load = wall.seconds();
    double started = load;
    const auto finish = [&] {
        console.clear();
        report.setup = session.setup();
        report.totals = session.timing();
        report.totals.load = load;
        report.totals.total = wall.seconds();
        report.files = run.files();
        run.add_trace(report, started);
        conclude(report, settings, console);
    };
    try {
        if (interrupted) throw Cancelled();
        started = wall.seconds();
        run.transcribe(session, interrupted);
    } catch (const Error&) {
        finish();
        throw;
    }
    finish();
    return run.some_failed() ? kSomeFailed : kDone;
}

}  // namespace npuscribe::app
