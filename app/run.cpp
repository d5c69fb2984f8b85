#include "run.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/error.h"
#include "output/text.h"

namespace npuscribe::app {
namespace {

std::string shown_name(const std::filesystem::path& path) {
    return path == "-" ? "standard input" : path.string();
}

// Headers where there are several; one transcript needs none.
std::vector<std::string> header_names(const std::vector<Input>& inputs) {
    std::vector<std::string> names;
    for (const Input& input : inputs) {
        if (input.error.empty()) names.push_back(shown_name(input.path));
    }
    return inputs.size() > 1 ? names : std::vector<std::string>{};
}

}  // namespace

Run::Run(const std::vector<Input>& inputs, const OutputPlan& plan, Console& console, bool print_text)
    : plan_(plan), console_(console), print_text_(print_text), printer_(console, header_names(inputs)) {
    for (size_t i = 0; i < inputs.size(); ++i) {
        files_.emplace_back().path = inputs[i].path.string();
        if (inputs[i].error.empty()) {
            paths_.push_back(inputs[i].path);
            index_.push_back(i);
        } else {
            fail(i, inputs[i].error);
        }
    }
}

void Run::transcribe(Transcriber& transcriber, std::atomic<bool>& cancel) {
    cancel_ = &cancel;
    TranscribeEvents events;
    events.on_segment = [this](size_t i, const Segment& segment) { on_segment(i, segment); };
    events.on_progress = [this](size_t i, double done, double length) { on_progress(i, done, length); };
    events.on_done = [this](size_t i, const Transcript& t, const Timing& timing) { on_done(i, t, timing); };
    events.on_error = [this](size_t i, const std::string& message) {
        fail(index_[i], message);
        ++finished_;
        print([&] { printer_.finished(i, true); });
    };
    try {
        transcriber.transcribe(paths_, events, &cancel);
    } catch (const Cancelled&) {
        if (!reader_gone_ && stdout_error_.empty()) throw;
    }
    console_.clear();
    if (!stdout_error_.empty()) throw OutputError(stdout_error_);
}

void Run::on_segment(size_t input, const Segment& segment) {
    std::string text = output::one_line(segment.text);
    if (!text.empty()) print([&] { printer_.line(input, std::move(text)); });
}

// What stdout refuses ends the run, but not from inside the transcriber's call: it is told to stop, and asked
// later.
void Run::print(const std::function<void()>& call) {
    if (!print_text_ || !stdout_error_.empty()) return;
    try {
        call();
    } catch (const OutputError& error) {
        stdout_error_ = error.what();
        cancel_->store(true);
    }
    if (printer_.closed() && plan_.formats.empty()) {
        reader_gone_ = true;
        cancel_->store(true);
    }
}

void Run::on_progress(size_t input, double done, double length) {
    std::string line;
    if (paths_.size() > 1) line += fmt::format("{} of {} files done  ", finished_, paths_.size());
    line += printable(shown_name(paths_[input].filename()));
    const auto clock = [](double seconds) {
        return output::timestamp(output::milliseconds(seconds) / 1000 * 1000, '.', false);
    };
    const auto without_ms = [](const std::string& text) { return text.substr(0, text.find('.')); };
    if (length > 0) {
        line += fmt::format("  {:3.0f} %  {} of {}", std::min(100.0, 100 * done / length),
                            without_ms(clock(done)), without_ms(clock(length)));
    } else {
        line += "  " + without_ms(clock(done));
    }
    console_.progress(line);
}

void Run::on_done(size_t input, const Transcript& transcript, const Timing& timing) {
    output::FileReport& file = files_[index_[input]];
    ++finished_;
    print([&] { printer_.finished(input, false); });
    try {
        file.outputs = plan_.write(index_[input], transcript);
    } catch (const OutputError& error) {
        fail(index_[input], error.what());
        return;
    }
    file.status = output::FileReport::Status::done;
    file.language = transcript.language;
    file.speech_seconds = transcript.speech_duration;
    file.timing = timing;
    spdlog::debug("{}: {}, {:.1f} s of audio, {:.1f} s of speech, {} segments",
                  printable(shown_name(paths_[input])), transcript.language, transcript.duration,
                  transcript.speech_duration, transcript.segments.size());
}

void Run::fail(size_t index, const std::string& message) {
    output::FileReport& file = files_[index];
    file.status = output::FileReport::Status::failed;
    file.error = message;
    const std::string name = shown_name(file.path);
    const bool named = message.find(name) != std::string::npos;
    spdlog::error("{}", printable(named ? message : name + ": " + message));
}

bool Run::some_failed() const {
    const auto failed = [](const output::FileReport& f) {
        return f.status == output::FileReport::Status::failed;
    };
    return std::any_of(files_.begin(), files_.end(), failed);
}

}  // namespace npuscribe::app
