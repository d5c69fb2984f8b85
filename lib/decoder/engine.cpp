#include "decoder/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <stdexcept>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "decoder/window_decoding.h"

namespace npuscribe {

namespace {

size_t widest(const DecodingOptions& options) {
    size_t width = 1;
    for (const double temperature : options.temperatures)
        width = std::max(width, Hypotheses::width(options, temperature));
    return width;
}

void check(const StepModel& model, const Vocabulary& vocabulary, const DecodingOptions& options) {
    if (widest(options) > model.max_sequences()) {
        throw std::logic_error(
            fmt::format("a search of {} texts at once needs as many sequences, the decoder has {}",
                        widest(options), model.max_sequences()));
    }
    if (vocabulary.size != model.dimensions().n_vocab) {
        throw ModelError(
            fmt::format("the tokenizer has {} tokens, the decoder {}; they belong to different models",
                        vocabulary.size, model.dimensions().n_vocab));
    }
}

}  // namespace

struct DecodingEngine::Impl {
    /// One row of logits, and whose it is.
    struct Wanted {
        WindowDecoding* window = nullptr;
        size_t index = 0;  // among that window's
        size_t row = 0;    // of the step
    };

    /// A window whose text is being timed, and where its rows of the step begin.
    struct Aligned {
        WindowDecoding* window = nullptr;
        size_t first_row = 0;
    };

    DecodingContext context;
    ThreadPool* pool;
    EngineCallbacks callbacks;
    Slots audio;
    std::list<WindowDecoding> windows;  // in the order in which they came
    Buffer<float> logits;
    std::vector<StepRow> rows;
    std::vector<Wanted> wanted;
    std::vector<Aligned> aligned;
    uint64_t steps = 0;

    Impl(StepModel& model, const Vocabulary& vocabulary, const DecodingOptions& options, ThreadPool* threads,
         EngineCallbacks calls)
        : context{model,
                  vocabulary,
                  options,
                  LogitRules(vocabulary, options),
                  Slots(model.max_sequences()),
                  calls.choose_language},
          pool(threads),
          callbacks(std::move(calls)),
          audio(model.max_audio()) {
        check(model, vocabulary, options);
    }

    /// Windows that fall back come first, then new ones. A waiting window holds no sequences, so the windows
    /// that do hold some can always finish, and none waits forever.
    void admit() {
        for (WindowDecoding& window : windows) {
            const size_t wanted_sequences = window.sequences_wanted();
            if (wanted_sequences == 0) continue;
            if (wanted_sequences > context.sequences.free()) return;
            window.start_attempt();
        }
        const size_t first_width = Hypotheses::width(context.options, context.options.temperatures.front());
        while (audio.free() > 0 && context.sequences.free() >= first_width) {
            auto request = callbacks.pull();
            if (!request) return;
            const int slot = audio.take();
            WindowDecoding& window = windows.emplace_back(context, *request, slot);
            {
                const AddTime time(window.cost().cross_kv_seconds);
                context.model.set_audio(slot, request->encoder_output);
            }
            window.start_attempt();
        }
    }

    void collect_rows() {
        const size_t n_text_ctx = context.model.dimensions().n_text_ctx;
        rows.clear();
        wanted.clear();
        aligned.clear();
        size_t prompt_rows = 0;
        for (WindowDecoding& window : windows) {
            const size_t before = rows.size();
            const size_t want = window.append_rows(rows);
            const size_t count = rows.size() - before;
            if (window.at_prompt()) {
                if (prompt_rows > 0 &&
                    prompt_rows + count > n_text_ctx) {  // its turn comes with the next step
                    rows.resize(before);
                    continue;
                }
                prompt_rows += count;
            }
            if (window.aligning()) aligned.push_back({&window, before});
            if (want == 0) continue;
            for (size_t r = before, i = 0; r < rows.size(); ++r) {
                if (rows[r].want_logits) wanted.push_back({&window, i++, r});
            }
        }
    }

    void run_step() {
        const Stopwatch watch;
        const size_t n_vocab = context.vocabulary.size;
        logits.reserve_discard(wanted.size() * n_vocab);
        const MatrixView<float> out = logits.matrix(wanted.size(), n_vocab);
        context.model.step(rows, out);
        ++steps;
        const auto look = [&](size_t begin, size_t end, size_t) {
            for (size_t i = begin; i < end; ++i)
                wanted[i].window->look_at(wanted[i].index, wanted[i].row, out.row_span(i));
        };
        share_out(wanted.size(), look);
        share_out(aligned.size(), [&](size_t begin, size_t end, size_t) {
            for (size_t i = begin; i < end; ++i) aligned[i].window->align(aligned[i].first_row);
        });
        for (const Aligned& one : aligned) one.window->finish_alignment();
        WindowDecoding* last = nullptr;
        for (const Wanted& row : wanted) {
            if (row.window == last) continue;
            last = row.window;
            last->advance();
        }
        share_time(watch.seconds());
    }

    void share_out(size_t count, const std::function<void(size_t, size_t, size_t)>& work) const {
        if (pool != nullptr && count > 1) {
            pool->for_each(count, 1, work);
        } else {
            work(0, count, 0);
        }
    }

    void share_time(double seconds) {
        const double each = seconds / static_cast<double>(rows.size());
        size_t i = 0;
        for (WindowDecoding& window : windows) {
            bool took_part = false;
            for (; i < rows.size() && rows[i].audio == window.audio(); ++i) {
                window.cost().decoder_seconds += each;
                ++window.cost().rows;
                took_part = true;
            }
            window.cost().steps += took_part ? 1 : 0;
        }
    }

    void deliver() {
        for (auto window = windows.begin(); window != windows.end();) {
            if (const auto language = window->take_detected_language(); language && callbacks.on_language) {
                callbacks.on_language(window->id(), *language, window->result().language_probability);
            }
            if (!window->done()) {
                ++window;
                continue;
            }
            audio.give_back(window->audio());
            const size_t id = window->id();
            DecodingResult result = std::move(window->result());
            const DecodeCost cost = window->cost();
            window = windows.erase(window);
            callbacks.sink(id, std::move(result), cost);
        }
    }
};

DecodingEngine::DecodingEngine(StepModel& model, const Vocabulary& vocabulary, const DecodingOptions& options,
                               ThreadPool* pool, EngineCallbacks callbacks)
    : impl_(std::make_unique<Impl>(model, vocabulary, options, pool, std::move(callbacks))) {}

DecodingEngine::~DecodingEngine() = default;

bool DecodingEngine::step() {
    impl_->admit();
    impl_->collect_rows();
    if (impl_->rows.empty()) return false;
    impl_->run_step();
    impl_->deliver();
    return true;
}

size_t DecodingEngine::in_flight() const {
    return impl_->windows.size();
}

uint64_t DecodingEngine::steps() const {
    return impl_->steps;
}

size_t DecodingEngine::sequences_for(const DecodingOptions& options, size_t windows) {
    const size_t first =
        options.temperatures.empty() ? 1 : Hypotheses::width(options, options.temperatures.front());
    return std::max(windows, size_t{1}) * first + widest(options) - first;
}

}  // namespace npuscribe
