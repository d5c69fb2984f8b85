#include "run_recorder.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory_use.h"
#include "base/reason.h"
#include "corpus/word_errors.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

constexpr size_t kMostWindows = 2000;  // half a day of audio; limits the report's size

std::string shown_name(const std::filesystem::path& path) {
    return path == "-" ? "standard input" : path.string();
}

std::vector<audio::Clip> clips_of(const Input& input) {
    if (!input.entry || !input.entry->is_part()) return {};
    audio::Clip clip{input.entry->start(), {}};
    if (input.entry->duration) clip.end = clip.start + *input.entry->duration;
    return {clip};
}

/// Why a person would hear nothing in audio with this largest sample; empty if its level is not the reason.
std::string low_level_text(double peak) {
    constexpr double kFaint = 0.00316;  // -50 dB: speech below it is lost in the noise of most equipment
    if (peak == 0) return "all of its samples are zero";
    if (peak > kFaint) return "";
    return fmt::format("its level is very low, with a peak of {:.0f} dB below full scale",
                       -20 * std::log10(peak));
}

}  // namespace

RunRecorder::RunRecorder(const std::vector<Input>& inputs, const OutputPlan& plan, Console& console,
                         const Settings& settings)
    : plan_(plan), console_(console), settings_(settings) {
    files_.resize(inputs.size());
    references_.resize(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
        output::FileReport& file = files_[i];
        file.path = inputs[i].path.string();
        if (inputs[i].entry) references_[i] = inputs[i].entry->reference.value_or("");
        if (!inputs[i].error.empty()) {
            fail(i, inputs[i].error);
        } else if (settings.skip_existing && skip(i)) {
            for (const auto& path : plan.outputs[i]) file.outputs.push_back(path.string());
        } else {
            paths_.push_back(inputs[i].path);
            work_.push_back({inputs[i].path, clips_of(inputs[i])});
            index_.push_back(i);
        }
    }
    std::vector<std::string> names;
    if (inputs.size() > 1) {  // one transcript needs no header
        for (const auto& path : paths_) names.push_back(shown_name(path));
    }
    printer_.emplace(console, std::move(names));
}

// Records that an input is skipped, or says why it is not although it has outputs. With a manifest, an input
// whose outputs exist but that has no line was interrupted between the two.
bool RunRecorder::skip(size_t index) {
    using State = ManifestLog::State;
    output::FileReport& file = files_[index];
    const State logged = settings_.manifest == nullptr ? State::open : settings_.manifest->state(index);
    SkipChoice choice = {true, false, {}};
    if (!plan_.formats.empty() || settings_.manifest == nullptr) choice = plan_.skip(index);
    if (settings_.manifest != nullptr && logged != State::finished) {
        choice.skip = false;
        if (choice.why_not.empty() && logged == State::made_otherwise)
            choice.why_not = "the manifest has it with another model or other options";
    }
    const std::string name = printable(shown_name(file.path));
    if (choice.skip) {
        file.status = output::FileReport::Status::skipped;
        file.skipped_by_name = choice.by_name && logged != State::finished;
        spdlog::debug("{}: skipped, its outputs are there{}", name,
                      file.skipped_by_name ? " (by their names and times alone)" : "");
    } else if (!choice.why_not.empty()) {
        spdlog::info("{}: not skipped: {}", name, printable(choice.why_not));
    }
    return choice.skip;
}

void RunRecorder::transcribe(Session& session, std::atomic<bool>& cancel) {
    cancel_ = &cancel;
    progress_.emplace(paths_);
    watch_.restart();
    if (settings_.manifest != nullptr) settings_.manifest->start();
    if (settings_.trace) memory_.push_back({0, resident_bytes()});
    TranscribeEvents events;
    events.on_segment = [this](size_t i, const Segment& segment) { on_segment(i, segment); };
    events.shown_as_they_come = settings_.print_text && !settings_.stdout_format;
    events.on_progress = [this](size_t i, double done, double length) { on_progress(i, done, length); };
    if (settings_.trace) events.on_window = [this](const WindowTrace& window) { on_window(window); };
    events.on_part = [this](size_t i, const FinishedPart& part) { on_part(i, part); };
    events.resume_from = [this](size_t i) { return resume_from(i); };
    events.on_done = [this](size_t i, const Transcript& t, const Timing& timing) { on_done(i, t, timing); };
    events.on_error = [this](size_t i, const std::string& message) {
        finish(i, true);
        fail(index_[i], message);
    };
    try {
        session.transcribe(work_, events, &cancel);
    } catch (const Cancelled&) {
        if (!reader_gone_ && write_error_.empty()) throw;
    }
    console_.clear();
    if (!write_error_.empty()) throw OutputError(write_error_);
}

void RunRecorder::on_window(const WindowTrace& window) {
    if (windows_.size() == kMostWindows) {
        ++windows_left_out_;
        return;
    }
    windows_.push_back(window);
    windows_.back().input = index_[window.input];
    memory_.push_back({watch_.seconds(), resident_bytes()});
}

void RunRecorder::add_trace(output::RunReport& report, double started) const {
    const auto shift = [&](Interval& interval) {
        if (interval.end <= interval.begin) return;
        interval.begin += started;
        interval.end += started;
    };
    report.windows = windows_;
    report.windows_left_out = windows_left_out_;
    for (WindowTrace& window : report.windows) {
        for (Interval* interval : {&window.read, &window.mel, &window.encoder, &window.decoder})
            shift(*interval);
    }
    report.memory = {peak_resident_bytes(), memory_};
    for (output::MemorySample& sample : report.memory.samples) {
        sample.seconds += started;
        report.memory.peak =
            std::max(report.memory.peak, sample.bytes);  // the kernel counts each a little late
    }
}

Partial* RunRecorder::partial(size_t input) {
    if (const auto found = kept_.find(input); found != kept_.end()) return &found->second.file;
    const auto is_json = [](const output::Format& format) { return format.name == "json"; };
    const auto json = std::find_if(plan_.formats.begin(), plan_.formats.end(), is_json);
    const std::string record = record_of(plan_.inputs[index_[input]], plan_.run);
    if (json == plan_.formats.end() || record.empty()) return nullptr;
    const auto& output = plan_.outputs[index_[input]][static_cast<size_t>(json - plan_.formats.begin())];
    Partial file(output, record);
    return &kept_.try_emplace(input, Kept{std::move(file), {}}).first->second.file;
}

void RunRecorder::on_part(size_t input, const FinishedPart& part) {
    if (Partial* file = partial(input)) file->add(part, kept_.at(input).before);
}

std::optional<FinishedPart> RunRecorder::resume_from(size_t input) {
    Partial* file = settings_.skip_existing ? partial(input) : nullptr;
    if (file == nullptr) return std::nullopt;
    auto part = file->read();
    if (part)
        spdlog::info("{}: goes on from {}, where an earlier run ended", printable(shown_name(paths_[input])),
                     clock_text(part->seconds));
    kept_.at(input).before = part;
    return part;
}

void RunRecorder::on_segment(size_t input, const Segment& segment) {
    progress_->begin_estimate();
    if (settings_.stdout_format) return;
    Segment shown = segment;
    if (settings_.replacements != nullptr) settings_.replacements->apply(shown);
    std::string text = transcript_line(shown, settings_.style);
    if (!text.empty()) print([&] { printer_->line(input, std::move(text)); });
}

// If stdout cannot be written, the run ends. The transcriber is stopped; the error is thrown once it has
// returned, because its callbacks must not throw.
void RunRecorder::print(const std::function<void()>& call) {
    if (!settings_.print_text || !write_error_.empty()) return;
    try {
        call();
    } catch (const OutputError& error) {
        write_error_ = error.what();
        cancel_->store(true);
    }
    if (printer_->closed() && plan_.formats.empty()) {
        reader_gone_ = true;
        cancel_->store(true);
    }
}

void RunRecorder::on_progress(size_t input, double done, double length) {
    progress_->advance(input, done, length);
    console_.progress(
        [this](size_t columns) { return progress_line(progress_->view(watch_.seconds()), columns); });
}

void RunRecorder::finish(size_t input, bool failed) {
    progress_->finish(input);
    print([&] { printer_->finished(input, failed); });
}

void RunRecorder::on_done(size_t input, const Transcript& transcript, const Timing& timing) {
    output::FileReport& file = files_[index_[input]];
    finish(input, false);
    Transcript written = transcript;
    if (settings_.replacements != nullptr) file.replacements = settings_.replacements->apply(written);
    if (settings_.stdout_format)
        print([&] { printer_->document(plan_.text(index_[input], *settings_.stdout_format, written)); });
    try {
        plan_.write(index_[input], written, file.outputs);
    } catch (const std::exception& error) {
        fail(index_[input], reason_of(error));
        return;
    }
    if (Partial* kept = partial(input)) kept->remove();
    kept_.erase(input);
    const bool whole = transcript.broken_off.empty();
    file.status = whole ? output::FileReport::Status::done : output::FileReport::Status::incomplete;
    file.error = transcript.broken_off;
    // With --quiet the exit code must not stand there without a reason.
    const auto level = spdlog::should_log(spdlog::level::warn) ? spdlog::level::warn : spdlog::level::err;
    if (!whole)
        spdlog::log(level, "{}; the transcript is of what can be read", printable(transcript.broken_off));
    file.language = transcript.language;
    file.language_probability = transcript.language_probability;
    file.speech_seconds = transcript.speech_duration;
    file.timing = timing;
    if (!references_[index_[input]].empty()) {
        const auto [words, errors] = corpus::word_errors(references_[index_[input]], written.text());
        file.reference_words = words;
        file.word_errors = errors;
    }
    log(index_[input], written.text());
    warn(index_[input], transcript);
    if (paths_.size() > 1 && !console_.live()) {
        spdlog::info("{}/{} {}: {}, {} of audio", progress_->done(), paths_.size(),
                     printable(shown_name(paths_[input])), whole ? "done" : "incomplete",
                     clock_text(transcript.duration));
    }
    spdlog::debug("{}: {}, {:.1f} s of audio, {:.1f} s of speech, {} segments",
                  printable(shown_name(paths_[input])), transcript.language, transcript.duration,
                  transcript.speech_duration, transcript.segments.size());
}

// A manifest that cannot be written ends the run, as stdout does: what is done without a line is done again.
void RunRecorder::log(size_t index, const std::string& text) {
    if (settings_.manifest == nullptr || !write_error_.empty()) return;
    try {
        settings_.manifest->add(index, files_[index], text);
    } catch (const OutputError& error) {
        if (cancel_ == nullptr) throw;
        write_error_ = error.what();
        cancel_->store(true);
    }
}

// The messages name the file; the report has them under it.
void RunRecorder::warn(size_t index, const Transcript& transcript) {
    output::FileReport& file = files_[index];
    const std::string name = shown_name(file.path);
    for (const std::string& warning : transcript.warnings) {
        spdlog::warn("{}: {}", printable(name), printable(warning));
        file.warnings.push_back(warning);
    }
    if (!transcript.segments.empty()) return;
    const std::string level = low_level_text(transcript.peak);
    spdlog::warn("no speech found in {}{}{}", printable(name), level.empty() ? "" : ": ", level);
    file.warnings.push_back("no speech found" + (level.empty() ? "" : ": " + level));
}

void RunRecorder::fail(size_t index, const std::string& message) {
    output::FileReport& file = files_[index];
    file.status = output::FileReport::Status::failed;
    file.error = message;
    const std::string name = shown_name(file.path);
    const bool named = message.find(name) != std::string::npos;
    spdlog::error("{}", printable(named ? message : name + ": " + message));
    log(index, {});
}

bool RunRecorder::some_failed() const {
    using Status = output::FileReport::Status;
    const auto failed = [](const output::FileReport& f) {
        return f.status == Status::failed || f.status == Status::incomplete;
    };
    return std::any_of(files_.begin(), files_.end(), failed);
}

}  // namespace npuscribe::app
