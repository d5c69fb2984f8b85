#include "transcribe/window_source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/reason.h"

namespace npuscribe {

void compute_mel(SourceWindow& window, const audio::LogMel& mel, size_t frames) {
    window.mel_span.begin = Span::Clock::now();
    window.mel = Buffer<float>(frames * mel.n_mels());
    mel.compute(window.window.samples, window.mel.matrix(frames, mel.n_mels()));
    window.mel_span.end = Span::Clock::now();
    window.mel_seconds = std::chrono::duration<double>(window.mel_span.end - window.mel_span.begin).count();
}

WindowSource::WindowSource(size_t inputs, const WindowCutter& cutter, const AudioContext& context,
                           const audio::LogMel& mel, SourceOptions options)
    : inputs_(inputs),
      cutter_(cutter),
      context_(context),
      mel_(mel),
      options_(std::move(options)),
      thread_([this] { run(); }) {}

WindowSource::~WindowSource() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    room_.notify_all();
    thread_.join();
}

void WindowSource::run() {
    try {
        while (Reader* reader = next_reader()) produce(*reader);
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    something_.notify_all();
}

WindowSource::Reader* WindowSource::next_reader() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
        if (items_.size() < options_.capacity) {
            const auto ready =
                std::find_if(readers_.begin(), readers_.end(), [](const Reader& r) { return !r.waiting; });
            if (ready != readers_.end()) return &*ready;
            if (readers_.size() < options_.max_open && next_input_ < inputs_) {
                Reader& reader = readers_.emplace_back();
                reader.input = next_input_++;
                return &reader;
            }
        }
        if (readers_.empty() && next_input_ == inputs_) return nullptr;
        room_.wait(lock);
    }
    return nullptr;
}

void WindowSource::produce(Reader& reader) {
    SourceEnd end;
    end.input = reader.input;
    try {
        if (auto window = next_window(reader)) {
            if (options_.one_at_a_time) {
                const std::lock_guard lock(mutex_);
                reader.waiting = true;
            }
            put(std::move(*window));
            return;
        }
    } catch (const InputError& error) {
        end.error = error.what();
        end.broken_off = reader.windows && reader.windows->samples_read() > 0;
    } catch (const Error&) {
        throw;  // the model's, or the run was cancelled
    } catch (const std::exception& error) {
        end.error = reason_of(error);
    }
    if (reader.windows) {
        end.samples_read = reader.windows->samples_read();
        end.speech_samples = reader.windows->speech_samples();
        end.decode_seconds = reader.windows->decode_seconds();
        end.vad_seconds = reader.windows->vad_seconds();
        end.peak = reader.windows->peak();
        end.warnings = reader.stream->warnings();
    }
    {
        const std::lock_guard lock(mutex_);
        readers_.remove_if([&](const Reader& other) { return &other == &reader; });
    }
    put(std::move(end));
}

std::optional<SourceWindow> WindowSource::next_window(Reader& reader) {
    Span read{Span::Clock::now(), {}};
    if (!reader.stream) {
        reader.stream = options_.open(reader.input);
        reader.windows = options_.clips == nullptr
                             ? cutter_.cut(*reader.stream)
                             : cutter_.cut(*reader.stream, options_.clips->of(reader.input));
    }
    std::optional<int64_t> resume_at;
    {
        const std::lock_guard lock(mutex_);
        resume_at = std::exchange(reader.resume_at, std::nullopt);
    }
    if (resume_at && reader.windows->sequential()) reader.windows->resume_at(*resume_at);
    auto window = reader.windows->next();
    if (!window) return std::nullopt;
    read.end = Span::Clock::now();

    SourceWindow out;
    out.read_span = read;
    out.input = reader.input;
    out.index = reader.next_index++;
    out.input_seconds = reader.stream->duration().value_or(0);
    out.window = std::move(*window);
    compute_mel(out, mel_, 2 * context_.frames(out.window.samples.size()));
    return out;
}

void WindowSource::put(SourceItem item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    something_.notify_all();
}

std::optional<SourceItem> WindowSource::take(const std::function<bool(const SourceItem&)>& wanted) {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    if (items_.empty() || !wanted(items_.front())) return std::nullopt;
    std::optional<SourceItem> item(std::move(items_.front()));
    items_.pop_front();
    room_.notify_all();
    return item;
}

void WindowSource::wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    something_.wait_for(lock, most, [this] { return !items_.empty() || done_; });
}

void WindowSource::resume(size_t input, int64_t sample) {
    const std::lock_guard lock(mutex_);
    for (Reader& reader : readers_) {
        if (reader.input != input) continue;
        reader.waiting = false;
        reader.resume_at = sample;
    }
    room_.notify_all();
}

bool WindowSource::finished() const {
    const std::lock_guard lock(mutex_);
    return done_ && items_.empty() && !failure_;
}

}  // namespace npuscribe
