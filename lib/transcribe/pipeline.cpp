#include "transcribe/pipeline.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>

#include "audio/clips.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "decoder/engine.h"
#include "transcribe/encode_ahead.h"
#include "transcribe/file_job.h"

namespace npuscribe {

namespace {

constexpr std::chrono::milliseconds kLookAtCancel{50};
constexpr auto kSamplesPerFrame = static_cast<int64_t>(2 * audio::kHopLength);
constexpr auto kMostPauseFrames = static_cast<size_t>(kMostPause / kSamplesPerFrame);
constexpr size_t kAhead = 2;  // one that is encoded, and one that waits for the encoder or the decoder

/// Encoder frames that hold some of the window's audio.
size_t audio_frames(const audio::Window& window) {
    if (window.pieces.empty()) return 0;
    const audio::Piece& last = window.pieces.back();
    return static_cast<size_t>((last.in_window + last.length + kSamplesPerFrame - 1) / kSamplesPerFrame);
}

/// One call of Pipeline::run.
class PipelineRun {
  public:
    struct Shared {
        const ModelParts& parts;
        const FileJob::Settings& settings;
        const TranscribeEvents& events;
        const std::atomic<bool>* cancel;
        Timing& sum;
        const AudioContext& context;
        const audio::LogMel& mel;
        const std::vector<audio::Clip>& clips;
        Span::Clock::time_point start;  // of the run
    };

    PipelineRun(const Shared& shared, WindowSource& source, size_t inputs, ThreadPool* pool)
        : shared_(shared),
          source_(source),
          inputs_(inputs),
          calls_{shared.parts.encode, shared.parts.encoder_times, shared.parts.decoder->dimensions().n_mels,
                 shared.parts.decoder->dimensions().n_audio_state},
          engine_(*shared.parts.decoder, *shared.parts.vocabulary, shared.settings.options.decoding, pool,
                  callbacks()) {
        if (shared.parts.encode_ahead) ahead_.emplace(calls_, kAhead);
    }

    void run() {
        const uint64_t steps_before = shared_.sum.steps;
        while (reported_ < inputs_) {
            throw_if_cancelled();
            while (auto item = source_.take(is_end)) end_input(std::get<SourceEnd>(*item));
            feed();
            if (engine_.step() || reported_ == inputs_) continue;
            if (ahead_ && !ahead_->empty()) {
                ahead_->wait(kLookAtCancel);
            } else {
                source_.wait(kLookAtCancel);
            }
        }
        shared_.sum.steps =
            steps_before + engine_.steps();  // a step for windows of several inputs counts once
    }

  private:
    struct InFlight {
        size_t input = 0;
        FileJob::Place place;
        PromptParts prompt;
        WindowTrace trace;  // up to where it is
    };

    static bool is_end(const SourceItem& item) { return std::holds_alternative<SourceEnd>(item); }

    EngineCallbacks callbacks() {
        EngineCallbacks calls;
        calls.pull = [this] { return pull(); };
        calls.sink = [this](size_t id, const DecodingResult& result, const DecodeCost& cost) {
            sink(id, result, cost);
        };
        calls.on_language = [this](size_t id, const std::string& code, double probability) {
            job(in_flight_.at(id).input).set_language(code, probability);
        };
        return calls;
    }

    void throw_if_cancelled() const {
        if (shared_.cancel != nullptr && shared_.cancel->load(std::memory_order_relaxed)) throw Cancelled();
    }

    FileJob& job(size_t input) { return jobs_.try_emplace(input, shared_.settings).first->second; }

    /// A window that is to be encoded.
    struct Next {
        InFlight flight;
        Buffer<float> mel;
        std::optional<ContextGuard> guard;
    };

    /// The next window that may be decoded.
    std::optional<Next> next_window() {
        if (!refused_.empty()) {
            InFlight window = std::move(refused_.front());
            refused_.pop_front();
            return at_full_length(std::move(window));
        }
        if (!rests_.empty()) {
            SourceWindow rest = std::move(rests_.front());
            rests_.pop_front();
            return begin(std::move(rest));
        }
        const auto may_go = [this](const SourceItem& item) {
            const auto* window = std::get_if<SourceWindow>(&item);
            return window == nullptr || job(window->input).may_start(window->index);
        };
        while (auto item = source_.take(may_go)) {
            if (is_end(*item)) {
                end_input(std::get<SourceEnd>(*item));
                continue;
            }
            return begin(std::move(std::get<SourceWindow>(*item)));
        }
        return std::nullopt;
    }

    Next begin(SourceWindow window) {
        Next next{{window.input, {window.index, window.part}, {}, trace_of(window)},
                  std::move(window.mel),
                  shared_.context.guard(window.window.samples.size())};
        next.flight.prompt = job(window.input).start_window(std::move(window));
        return next;
    }

    /// A window whose shortened context did not do.
    Next at_full_length(InFlight flight) {
        FileJob& owner = job(flight.input);
        SourceWindow window;
        window.window = owner.window(flight.place);
        compute_mel(window, shared_.mel, 2 * shared_.context.longest());
        owner.timing().mel += window.mel_seconds;
        flight.trace.read = {};
        flight.trace.mel = interval(window.mel_span);
        return {std::move(flight), std::move(window.mel), std::nullopt};
    }

    /// Keeps the encoder busy, where it runs beside the decoder.
    void feed() {
        while (ahead_ && ahead_->has_room()) {
            auto next = next_window();
            if (!next) return;
            ahead_->submit(std::move(next->mel));
            encoding_.push_back(std::move(*next));
        }
    }

    /// The next window that may be decoded, encoded.
    std::optional<DecodeRequest> pull() {
        throw_if_cancelled();
        if (!ahead_) {
            auto next = next_window();
            if (!next) return std::nullopt;
            encoded_ = encode_window(calls_, next->mel, std::move(encoded_.output));
            return request(std::move(*next));
        }
        feed();
        auto window = ahead_->take();
        if (!window) return std::nullopt;
        encoded_ = std::move(*window);
        Next next = std::move(encoding_.front());
        encoding_.pop_front();
        feed();
        return request(std::move(next));
    }

    /// Of the window that has just been encoded.
    DecodeRequest request(Next next) {
        FileJob& owner = job(next.flight.input);
        add_encoder_times(owner.timing());
        DecodeRequest request;
        request.id = next_id_++;
        request.encoder_output = encoded_.output.matrix(encoded_.n_ctx, calls_.n_audio_state);
        request.audio_frames = audio_frames(owner.window(next.flight.place));
        if (!shared_.settings.sequential())
            request.earliest_end_frame =
                request.audio_frames - std::min(request.audio_frames, kMostPauseFrames);
        request.prompt = next.flight.prompt;
        request.sample_key = next.flight.place.window + (uint64_t{next.flight.place.part} << 32);
        request.guard = next.guard;
        next.flight.trace.encoder = interval(encoded_.span);
        next.flight.trace.decoder.begin = seconds_at(Span::Clock::now());
        in_flight_[request.id] = std::move(next.flight);
        return request;
    }

    void add_encoder_times(Timing& timing) const {
        const EncoderTimes& times = encoded_.times;
        timing.encoder_frames += encoded_.n_ctx;
        timing.encoder_quantise += times.quantise;
        timing.encoder_matmul += times.matmul;
        timing.encoder_attention += times.attention;
        timing.encoder_other +=
            std::max(0.0, encoded_.seconds - times.quantise - times.matmul - times.attention);
    }

    void sink(size_t id, const DecodingResult& result, const DecodeCost& cost) {
        InFlight flight = std::move(in_flight_.extract(id).mapped());
        FileJob& owner = job(flight.input);
        tell_trace(flight, owner.window(flight.place), result.refused);
        if (result.refused) {
            owner.refuse_window(cost);
            refused_.push_back(std::move(flight));
            return;
        }
        auto [resume_at, rest] = owner.finish_window(flight.place, result, cost);
        if (rest) {
            add_rest(flight.input, std::move(*rest));
        } else if (shared_.settings.one_at_a_time()) {
            source_.resume(flight.input, resume_at);
        }
        tell_segments(flight.input, owner);
        if (shared_.events.on_progress) {
            shared_.events.on_progress(flight.input,
                                       audio::seconds_of_clips(shared_.clips, owner.seconds_done()),
                                       audio::seconds_of_clips(shared_.clips, owner.input_seconds()));
        }
        if (owner.done()) report();
    }

    void tell_segments(size_t input, FileJob& owner) const {
        if (!shared_.events.on_segment) return;
        for (const Segment& segment : owner.take_segments()) shared_.events.on_segment(input, segment);
    }

    double seconds_at(Span::Clock::time_point time) const {
        return std::chrono::duration<double>(time - shared_.start).count();
    }
    Interval interval(const Span& span) const { return {seconds_at(span.begin), seconds_at(span.end)}; }

    WindowTrace trace_of(const SourceWindow& window) const {
        WindowTrace trace;
        trace.input = window.input;
        trace.index = window.index;
        trace.part = window.part;
        if (window.part == 0) trace.read = interval(window.read_span);
        trace.mel = interval(window.mel_span);
        return trace;
    }

    void tell_trace(InFlight& flight, const audio::Window& window, bool refused) const {
        if (!shared_.events.on_window || window.pieces.empty()) return;
        const auto seconds = [](int64_t samples) {
            return static_cast<double>(samples) / audio::kSampleRate;
        };
        flight.trace.audio_begin = seconds(window.pieces.front().in_file);
        flight.trace.audio_end = seconds(window.pieces.back().in_file + window.pieces.back().length);
        flight.trace.decoder.end = seconds_at(Span::Clock::now());
        flight.trace.refused = refused;
        shared_.events.on_window(flight.trace);
    }

    void add_rest(size_t input, SourceWindow rest) {
        rest.input = input;
        compute_mel(rest, shared_.mel, 2 * shared_.context.frames(rest.window.samples.size()));
        rests_.push_back(std::move(rest));
    }

    void end_input(const SourceEnd& end) {
        FileJob& ended = job(end.input);
        ended.end(end);
        tell_segments(end.input, ended);
        if (ended.done()) report();
    }

    /// Tells what is done, in the order of inputs.
    void report() {
        for (auto next = jobs_.find(reported_); next != jobs_.end() && next->second.done();
             next = jobs_.find(reported_)) {
            FileJob& finished = next->second;
            const size_t input = reported_++;
            shared_.sum += finished.timing();
            if (finished.error()) {
                if (shared_.events.on_error) shared_.events.on_error(input, *finished.error());
            } else if (shared_.events.on_done) {
                shared_.events.on_done(input, finished.transcript(), finished.timing());
            }
            jobs_.erase(input);
        }
    }

    const Shared& shared_;
    WindowSource& source_;
    const size_t inputs_;
    std::map<size_t, FileJob> jobs_;  // begun, and not reported yet
    std::map<size_t, InFlight> in_flight_;
    std::deque<InFlight> refused_;    // to be encoded at full length; they go first
    std::deque<SourceWindow> rests_;  // what windows left over; they go next
    size_t next_id_ = 0;
    size_t reported_ = 0;
    const EncodeCalls calls_;
    EncodedWindow encoded_;      // the one that the decoder takes over
    std::deque<Next> encoding_;  // with the encoder, oldest first; their mels are there
    DecodingEngine engine_;
    std::optional<EncodeAhead> ahead_;  // last: its thread ends first
};

}  // namespace

Pipeline::Pipeline(const ModelParts& parts, const TranscribeOptions& options, ThreadPool* pool,
                   std::function<std::unique_ptr<audio::Windows>(audio::Stream&)> cut)
    : parts_(parts),
      options_(options),
      pool_(pool),
      cut_(std::move(cut)),
      mel_(parts.decoder->dimensions().n_mels),
      context_(options, parts.decoder->dimensions()) {}

void Pipeline::run(const std::vector<std::filesystem::path>& inputs, const TranscribeEvents& events,
                   const std::atomic<bool>* cancel, OpenAudio open) {
    const auto start = Span::Clock::now();
    const Stopwatch watch;
    const double total_before = timing_.total;
    const bool split = options_.channels == Channels::split;
    ChannelMerge merge(events);
    const TranscribeEvents track_events = split ? merge.track_events() : events;
    const auto set_total = [&] {
        timing_.total = total_before + watch.seconds();
        timing_.audio_seconds -= merge.counted_twice();
    };

    const FileJob::Settings settings{
        *parts_.vocabulary, options_, parts_.decoder->dimensions().n_text_ctx,
        static_cast<double>(context_.longest() * 2 * audio::kHopLength) / audio::kSampleRate};

    SourceOptions source_options;
    source_options.open = track_opener(inputs, options_.channels, std::move(open));
    source_options.cut = cut_;
    if (!options_.clips.empty()) {
        source_options.cut = [this](audio::Stream& stream) {
            return audio::clip_windows(stream, options_.clips, cut_);
        };
    }
    source_options.one_at_a_time = settings.one_at_a_time();
    source_options.frames = [this](size_t samples) { return 2 * context_.frames(samples); };
    // Where windows wait for those before them, only as many inputs keep the batch full.
    source_options.max_open = std::max<size_t>(1, options_.batch_size);
    source_options.capacity = std::clamp<size_t>(options_.batch_size, 1, 4);
    const size_t tracks = inputs.size() * tracks_of_input(options_.channels);
    WindowSource source(tracks, mel_, std::move(source_options));
    const PipelineRun::Shared shared{parts_,   settings, track_events,   cancel, timing_,
                                     context_, mel_,     options_.clips, start};
    try {
        PipelineRun(shared, source, tracks, pool_).run();
    } catch (...) {
        set_total();
        throw;
    }
    set_total();
}

}  // namespace npuscribe
