#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "choose_inputs.h"
#include "command_line.h"
#include "commands.h"
#include "config_file.h"
#include "console.h"
#include "exit_code.h"
#include "fetch_progress.h"
#include "inputs.h"
#include "language_option.h"
#include "manifest_log.h"
#include "npuscribe/npuscribe.h"
#include "option_effect.h"
#include "output/atomic_file.h"
#include "output/replacements.h"
#include "output/report.h"
#include "outputs.h"
#include "provide_model.h"
#include "run_recorder.h"
#include "signals.h"
#include "summary.h"
#include "terminal_text.h"
#include "transcribe_options.h"
#include "version.h"

namespace npuscribe::app {
namespace {

// Lets windows (audio, mel, the encoder's output) take their memory from the system and give it back. glibc
// would move it to the heap, between segments that stay until the end, and three hours of audio would take
// some 50 MB more than half an hour does.
void keep_windows_off_the_heap() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
#endif
}

// Opens the session. Whether the model can do what an option asks for is known only when the model is open.
Session make_session(const SessionOptions& options) {
    try {
        Session session(options);
        if (options.device == "auto") spdlog::debug("{}", session.device_reason());
        keep_windows_off_the_heap();
        return session;
    } catch (const OptionError& error) {
        throw UsageError(fmt::format("--{}", error.what()));
    }
}

bool is_page(const std::string& report) {
    const std::string extension = to_lower(std::filesystem::path(report).extension().string());
    return extension == ".html" || extension == ".htm";
}

// The table of times is about whole files, so an interrupted run does not get one.
void conclude(const output::RunReport& report, const TranscribeSettings& settings, Console& console) {
    using Status = output::FileReport::Status;
    const bool whole = output::count(report, Status::interrupted) == 0 &&
                       std::any_of(report.files.begin(), report.files.end(),
                                   [](const output::FileReport& file) { return file.has_transcript(); });
    if (whole && (settings.timing || settings.verbose)) console.print("\n" + output::report_text(report));
    if (const std::string line = summary(report); !line.empty())
        console.print(fmt::format("npuscribe: {}\n", printable(line)));
    if (settings.report.empty()) return;
    const bool page = is_page(settings.report);
    output::write_file(settings.report, page ? output::report_html(report) : output::report_json(report));
}

output::Replacements read_replacements(const std::string& path) {
    if (path.empty()) return {};
    std::ifstream file(path, std::ios::binary);
    std::error_code ignored;
    if (!file || std::filesystem::is_directory(path, ignored))
        throw UsageError(fmt::format(
            "cannot read '{}', the file of --replace; give a file with lines such as: heard → wanted", path));
    return {std::string(std::istreambuf_iterator<char>(file), {}), path};
}

bool writes_subtitles(const std::vector<output::Format>& formats,
                      const std::optional<output::Format>& to_stdout) {
    const auto is_subtitles = [](const output::Format& format) {
        return format.name == "srt" || format.name == "vtt";
    };
    return (to_stdout && is_subtitles(*to_stdout)) ||
           std::any_of(formats.begin(), formats.end(), is_subtitles);
}

Loudness loudness(const TranscribeSettings& settings) {
    if (settings.quiet) return Loudness::quiet;
    return settings.verbose ? Loudness::verbose : Loudness::normal;
}

int run(CLI::App& command, TranscribeSettings& settings) {
    apply_config(settings.config, command);
    if (settings.session.transcribe.language == kListLanguages) {
        std::fputs(language_list().c_str(), stdout);
        return kDone;
    }
    complete(settings);
    const bool may_fetch = settings.fetch && !is_offline();
    const ChosenInputs chosen = choose_inputs(settings, !may_fetch);
    const std::vector<Input>& inputs = chosen.inputs;
    const bool to_stdout = writes_to_stdout(settings);
    if (to_stdout && inputs.size() != 1)
        throw UsageError(fmt::format(
            "--output-dir - writes the transcript of one input, but there are {}; give a directory",
            inputs.size()));
    std::vector<output::Format> formats = formats_to_write(settings);
    RunRecorder::Settings recording{!settings.quiet || formats.empty() || to_stdout,
                                    settings.skip_existing,
                                    {settings.print_timestamps, settings.print_colors && stdout_has_colors()},
                                    {},
                                    !settings.report.empty()};
    if (to_stdout) recording.stdout_format = std::exchange(formats, {}).front();
    OutputPlan plan = plan_outputs(inputs, std::move(formats), to_stdout ? "" : settings.output_dir,
                                   settings.report, settings.output_name, settings.manifest);
    plan.options.subtitles = settings.subtitles;
    plan.run = {settings.session.model, options_hash(values(command), Effect::layout)};
    plan.options.paragraphs = settings.paragraphs;
    std::optional<ManifestLog> manifest;
    if (!settings.manifest.empty())
        recording.manifest =
            &manifest.emplace(settings.manifest, settings.files_from, inputs, settings.session.model,
                              options_hash(values(command), Effect::words));
    const output::Replacements replacements = read_replacements(settings.replace);
    recording.replacements = &replacements;
    std::atomic<bool>& interrupted = watch_signals();
    Console console(loudness(settings));
    for (const std::string& note : {chosen.note, plan.note})
        if (!note.empty()) spdlog::info("{}", printable(note));
    if (settings.subtitles.broadcast && !writes_subtitles(plan.formats, recording.stdout_format))
        spdlog::warn("--subtitles shapes srt and vtt, and neither is written; give -f srt, too");
    RunRecorder recorder(inputs, plan, console, recording);
    const auto exit_code = [&] { return recorder.some_failed() ? settings.keep_going_code : int{kDone}; };
    output::RunReport report;
    report.version = version();
    report.options = values(command);
    report.files = recorder.files();
    if (recorder.empty()) {
        conclude(report, settings, console);
        return exit_code();
    }

    settings.session.model = provide_model(
        {settings.session.model, settings.session.transcribe.vad, may_fetch, recorder.first_input()},
        console);
    const Stopwatch wall;
    console.progress("loading " + printable(settings.session.model));
    Session session = make_session(settings.session);
    const double load = wall.seconds();
    double started = load;
    const auto finish = [&] {
        console.clear();
        report.setup = session.setup();
        report.totals = session.timing();
        report.totals.load = load;
        report.totals.total = wall.seconds();
        report.files = recorder.files();
        recorder.add_trace(report, started);
        conclude(report, settings, console);
    };
    try {
        if (interrupted) throw Cancelled();
        started = wall.seconds();
        recorder.transcribe(session, interrupted);
    } catch (const std::exception&) {
        finish();  // what is finished is reported, whatever ended the run
        throw;
    }
    finish();
    return exit_code();
}

}  // namespace

void add_transcribe(CLI::App& root, int& exit_code) {
    CLI::App* command = root.add_subcommand("transcribe",
                                            "Transcribe speech with Whisper\n"
                                            "Transcripts go to stdout, and everything else to stderr.");
    const auto settings = std::make_shared<TranscribeSettings>();
    add_transcribe_options(*command, *settings);
    command->footer(
        "Exit codes: 0 all done; 1 some inputs failed or are incomplete; 2 wrong usage; 3 device or model "
        "unavailable; 130 interrupted by SIGINT (Ctrl-C); 143 by SIGTERM. Outputs are whole or absent.\n"
        "\n"
        "Examples:\n"
        "  npuscribe -m base speech.flac\n"
        "  npuscribe -l en -f txt,srt -o out --report report.json recordings/\n"
        "  ffmpeg -i film.mkv -f wav - | npuscribe -m tiny.en -");
    command->callback([command, settings, &exit_code] { exit_code = run(*command, *settings); });
}

}  // namespace npuscribe::app
