#include "transcribe/pipeline.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/error.h"
#include "decoder/engine.h"
#include "transcribe/open_inputs.h"
#include "transcribe/run_trace.h"
#include "transcribe/window_encoder.h"
#include "transcribe/window_schedule.h"

namespace npuscribe {

namespace {

constexpr std::chrono::milliseconds kLookAtCancel{50};
constexpr size_t kMostPauseFrames = kMostPause / kSamplesPerFrame;
/// Whisper's last timestamp can be this much early.
constexpr size_t kEarlyFrames = audio::kSampleRate / 2 / kSamplesPerFrame;

/// Encoder frames that hold some of the window's audio.
size_t audio_frames(const audio::Window& window) {
    if (window.pieces.empty()) return 0;
    const audio::Piece& last = window.pieces.back();
    const auto samples = static_cast<size_t>(last.in_window + last.length);
    return (samples + kSamplesPerFrame - 1) / kSamplesPerFrame;
}

/// Encoder frames up to the end of what voice activity hears as speech; 0: not known.
size_t speech_frames(const audio::Window& window) {
    return window.speech.empty() ? 0 : static_cast<size_t>(window.speech.back().end) / kSamplesPerFrame;
}

struct SetWhenDestroyed {
    std::atomic<bool>& flag;
    ~SetWhenDestroyed() { flag = true; }
};

}  // namespace

/// Windows on their way: source, schedule, encoder, decoding engine, and back to their inputs.
class Pipeline::WindowLoop {
  public:
    /// `stop` ends the source's waiting for a pipe; it is set when this ends.
    WindowLoop(Pipeline& pipeline, size_t inputs, SourceOptions source, const InputClips& clips,
               const TranscribeEvents& events, const std::atomic<bool>* cancel, std::atomic<bool>& stop)
        : settings_(pipeline.settings_),
          cancel_(cancel),
          trace_(events.on_window),
          inputs_(inputs, clips, settings_, events, pipeline.timing_),
          source_(inputs, pipeline.cutter_, pipeline.context_, pipeline.mel_, std::move(source)),
          stop_source_{stop},
          schedule_(source_, inputs_, pipeline.context_, pipeline.mel_, trace_),
          batch_size_(std::max<size_t>(1, settings_.options.batch_size)),
          most_in_flight_(events.on_segment && events.shown_as_they_come ? 1 : batch_size_),
          engine_(*pipeline.parts_.decoder, settings_.vocabulary, settings_.options.decoding, pipeline.pool_,
                  callbacks()),
          encoder_(*pipeline.parts_.encoder, schedule_, pipeline.parts_.encode_ahead) {}

    /// Returns once all inputs are done: the engine pulls windows, and hands them back as results.
    void run() {
        while (!inputs_.all_told()) {
            throw_if_cancelled();
            schedule_.take_ends();
            encoder_.feed();
            if (engine_.step() || inputs_.all_told()) continue;
            if (!encoder_.wait(kLookAtCancel)) source_.wait(kLookAtCancel);
        }
    }

    uint64_t steps() const { return engine_.steps(); }

  private:
    EngineCallbacks callbacks() {
        EngineCallbacks calls;
        calls.pull = [this] { return pull(); };
        calls.sink = [this](size_t id, const DecodingResult& result, const DecodeCost& cost) {
            finish(std::move(in_flight_.extract(id).mapped()), result, cost);
        };
        calls.choose_language = [this](size_t id, std::span<const double> probabilities) {
            const ScheduledWindow& window = in_flight_.at(id);
            return inputs_.job(window.input).choose_language(window.place, probabilities);
        };
        calls.on_language = [this](size_t id, const std::string& code, double probability) {
            inputs_.job(in_flight_.at(id).input).set_language(code, probability);
        };
        return calls;
    }

    void throw_if_cancelled() const {
        if (cancel_ != nullptr && cancel_->load(std::memory_order_relaxed)) throw Cancelled();
    }

    /// The next window goes from the encoder to the decoder.
    std::optional<DecodeRequest> pull() {
        throw_if_cancelled();
        if (in_flight_.size() >= most_in_flight_) return std::nullopt;
        auto window = encoder_.next();
        for (; window && !window->failure.empty(); window = encoder_.next()) fail(*window);
        if (!window) return std::nullopt;
        FileJob& job = inputs_.job(window->input);
        inputs_.window_encoded(window->input, window->place, encoder_.encoded());
        DecodeRequest request = make_request(*window, job.window(window->place));
        trace_.encoded(window->trace, encoder_.encoded().span);
        in_flight_[request.id] = std::move(*window);
        return request;
    }

    /// Its input goes on without it, and fails at its end.
    void fail(const ScheduledWindow& window) {
        const int64_t end = inputs_.job(window.input).fail_window(window.place, window.failure);
        if (settings_.one_at_a_time()) source_.resume(window.input, end);
        inputs_.window_finished(window.input);
    }

    DecodeRequest make_request(const ScheduledWindow& window, const audio::Window& audio) {
        DecodeRequest request;
        request.id = next_id_++;
        request.encoder_output = encoder_.encoded().matrix();
        request.prompt = window.prompt;
        request.sample_key = window.place.window + (uint64_t{window.place.part} << 32);
        request.guard = window.guard;
        request.audio_frames = audio_frames(audio);
        request.locate = settings_.options.task == Task::transcribe && !audio.speech.empty();
        if (!settings_.sequential())
            request.earliest_end_frame =
                request.audio_frames - std::min(request.audio_frames, kMostPauseFrames);
        const size_t speech = speech_frames(audio);
        request.earliest_open_end_frame = speech - std::min(speech, kEarlyFrames);
        request.wants_times = [this, &audio](const DecodingResult& result) {
            return spans_pause(result, audio, settings_.vocabulary, settings_.sequential());
        };
        return request;
    }

    /// It comes back from the decoder.
    void finish(ScheduledWindow window, const DecodingResult& result, const DecodeCost& cost) {
        const size_t input = window.input;
        FileJob& job = inputs_.job(input);
        trace_.decoded(window.trace, job.window(window.place), result.refused);
        if (result.refused) {
            job.refuse_window(cost);
            schedule_.add_refused(std::move(window));
            return;
        }
        most_in_flight_ = batch_size_;
        auto outcome = job.finish_window(window.place, result, cost);
        for (SourceWindow& rest : outcome.rests) schedule_.add_rest(input, std::move(rest));
        if (settings_.one_at_a_time() && outcome.window_done) source_.resume(input, outcome.resume_at);
        inputs_.window_finished(input);
    }

    const FileJob::Settings& settings_;
    const std::atomic<bool>* cancel_;
    RunTrace trace_;
    OpenInputs inputs_;
    WindowSource source_;
    SetWhenDestroyed stop_source_;  // before the source, which ends with its thread
    WindowSchedule schedule_;
    std::map<size_t, ScheduledWindow> in_flight_;  // with the decoder, by the request's id
    size_t next_id_ = 0;
    const size_t batch_size_;
    /// If somebody waits for text, the first window is decoded alone. Growing in more steps (2, 4) takes
    /// longer, because each step of the decoder reads all of its weights: 350 steps for 17 windows in place
    /// of 270.
    size_t most_in_flight_;
    DecodingEngine engine_;
    WindowEncoder encoder_;  // last: its thread ends first
};

Pipeline::Pipeline(const ModelParts& parts, const TranscribeOptions& options, ThreadPool* pool,
                   CutRecording cut)
    : parts_(parts),
      options_(options),
      pool_(pool),
      mel_(parts.decoder->dimensions().n_mels),
      context_(options, parts.decoder->dimensions()),
      cutter_(options_, parts.vad, context_.longest_samples(), std::move(cut)),
      settings_{*parts.vocabulary, options_, parts.decoder->dimensions().n_text_ctx,
                static_cast<double>(context_.longest_samples()) / audio::kSampleRate} {}

SourceOptions Pipeline::source_options(std::vector<std::filesystem::path> paths, const InputClips& clips,
                                       OpenAudio open, const std::atomic<bool>& stop) const {
    SourceOptions source;
    source.open =
        track_opener(std::move(paths), options_.channels, options_.audio_track, std::move(open), &stop);
    source.clips = &clips;
    source.one_at_a_time = settings_.one_at_a_time();
    // If windows wait for those before them, opening this many inputs keeps the batch full.
    source.max_open = std::max<size_t>(1, options_.batch_size);
    source.capacity = std::clamp<size_t>(options_.batch_size, 1, 4);
    return source;
}

void Pipeline::run(const std::vector<std::filesystem::path>& inputs, const TranscribeEvents& events,
                   const std::atomic<bool>* cancel, OpenAudio open) {
    std::vector<FileClips> whole;
    whole.reserve(inputs.size());
    for (const auto& path : inputs) whole.push_back({path});
    run(whole, events, cancel, std::move(open));
}

void Pipeline::run(const std::vector<FileClips>& inputs, const TranscribeEvents& events,
                   const std::atomic<bool>* cancel, OpenAudio open) {
    const Stopwatch watch;
    std::vector<std::filesystem::path> paths;
    std::vector<std::vector<audio::Clip>> own;
    for (const FileClips& input : inputs) {
        paths.push_back(input.path);
        own.push_back(input.clips);
    }
    const InputClips clips(options_.clips, std::move(own), tracks_of_input(options_.channels));
    const Timing before = timing_;
    ChannelMerge merge(events);
    const TranscribeEvents track_events =
        options_.channels == Channels::split ? merge.track_events() : events;
    const auto set_total = [&] {
        timing_.total = before.total + watch.seconds();
        timing_.audio_seconds -= merge.counted_twice();
    };
    try {
        std::atomic<bool> stop{false};
        WindowLoop loop(*this, inputs.size() * tracks_of_input(options_.channels),
                        source_options(std::move(paths), clips, std::move(open), stop), clips, track_events,
                        cancel, stop);
        loop.run();
        timing_.steps = before.steps + loop.steps();  // a step for windows of several inputs counts once
    } catch (...) {
        set_total();
        throw;
    }
    set_total();
}

}  // namespace npuscribe
