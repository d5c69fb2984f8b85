// The whole pipeline over a decoder whose words are written down here. A made-up input is a list of levels,
// one a second: a tone, quieter by 4 dB a level. A window is one second; the stand-in for the encoder reads
// its level off the loudest mel band, so that what the decoder says shows which audio it was given.
#include "transcribe/pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <set>
#include <thread>

#include "base/error.h"
#include "catch.h"
#include "decoder/engine.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr size_t kSecond = audio::kSampleRate;

std::vector<float> tone(const std::vector<int>& levels) {
    std::vector<float> samples;
    for (const int level : levels) {
        const double amplitude = std::pow(10, -level / 5.0);
        for (size_t i = 0; i < kSecond; ++i) {
            const double phase = 2 * std::numbers::pi * 1000 * static_cast<double>(i) / kSecond;
            samples.push_back(static_cast<float>(amplitude * std::sin(phase)));
        }
    }
    return samples;
}

float loudest(MatrixView<const float> mel) {
    float most = -10;
    for (size_t r = 0; r < mel.rows; ++r) {
        for (const float value : mel.row_span(r)) most = std::max(most, value);
    }
    return most;
}

/// A stream that breaks off.
class Broken : public audio::Stream {
  public:
    Broken(std::span<const float> samples, size_t good) : inner_(audio::open_samples(samples.first(good))) {}
    size_t read(std::span<float> out) override {
        const size_t count = inner_->read(out);
        if (count == 0) throw InputError("the file breaks off");
        return count;
    }
    std::optional<double> duration() const override { return std::nullopt; }
    std::string description() const override { return "broken"; }

  private:
    std::unique_ptr<audio::Stream> inner_;
};

/// One second a window.
class Seconds : public audio::Windows {
  public:
    Seconds(audio::Stream& stream, bool sequential, std::atomic<int>& cut)
        : stream_(stream), sequential_(sequential), cut_(cut) {}

    std::optional<audio::Window> next() override {
        while (all_.size() < static_cast<size_t>(at_) + kSecond) {
            std::vector<float> more(kSecond / 4);
            const size_t count = stream_.read(more);
            if (count == 0) break;
            all_.insert(all_.end(), more.begin(), more.begin() + static_cast<long>(count));
        }
        if (static_cast<size_t>(at_) >= all_.size()) return std::nullopt;
        audio::Window window;
        const size_t end = std::min(all_.size(), static_cast<size_t>(at_) + kSecond);
        window.samples.assign(all_.begin() + at_, all_.begin() + static_cast<long>(end));
        window.pieces = {{0, at_, static_cast<int64_t>(window.samples.size())}};
        at_ += static_cast<int64_t>(window.samples.size());
        ++cut_;
        return window;
    }
    void resume_at(int64_t sample) override { at_ = sample; }
    bool sequential() const override { return sequential_; }
    int64_t samples_read() const override { return static_cast<int64_t>(all_.size()); }
    double decode_seconds() const override { return 0.25; }
    double vad_seconds() const override { return 0.5; }
    int64_t speech_samples() const override { return at_; }
    int64_t samples_held() const override { return static_cast<int64_t>(all_.size()); }

  private:
    audio::Stream& stream_;
    bool sequential_;
    std::atomic<int>& cut_;
    std::vector<float> all_;
    int64_t at_ = 0;
};

/// A pipeline, its inputs by name, and what came of them.
class Bench {
  public:
    explicit Bench(ScriptedModel::Script script, TranscribeOptions options = {}, size_t batch = 3)
        : vocabulary_(small_vocabulary()),
          model_(DecodingEngine::sequences_for(options.decoding, batch), batch, std::move(script)) {
        options.batch_size = batch;
        ModelParts parts;
        parts.encode = [this](MatrixView<const float> mel, MatrixView<float> out) {
            ++encoded;
            out(0, 0) =
                std::round((reference_ - loudest(mel)) * 10);  // log10 of the power, over 4: 0.1 a level
        };
        parts.encoder_times = [] { return EncoderTimes{}; };
        parts.decoder = &model_;
        parts.vocabulary = &vocabulary_;
        pipeline_.emplace(parts, options, nullptr, [this, sequential = !options.vad](audio::Stream& stream) {
            if (cut_throws) throw ModelError("the detector is damaged");
            return std::make_unique<Seconds>(stream, sequential, cut);
        });
        const auto full = tone({0});
        std::vector<float> mel(3000 * 80);
        audio::LogMel(80).compute(full, {mel.data(), 3000, 80});
        reference_ = loudest({mel.data(), 3000, 80});

        events.on_segment = [this](size_t input, const Segment& segment) {
            segments[input].push_back(segment);
        };
        events.on_progress = [this](size_t input, double behind, double) {
            progress[input].push_back(behind);
        };
        events.on_done = [this](size_t input, const Transcript& transcript, const Timing& timing) {
            order.push_back(input);
            done[input] = transcript;
            timings[input] = timing;
        };
        events.on_error = [this](size_t input, const std::string& message) {
            order.push_back(input);
            errors[input] = message;
        };
    }

    void add(const std::string& name, const std::vector<int>& levels,
             std::optional<size_t> breaks_at = std::nullopt) {
        inputs.emplace_back(name);
        samples_[name] = tone(levels);
        if (breaks_at) breaks_at_[name] = *breaks_at;
    }

    void run(const std::atomic<bool>* cancel = nullptr) {
        pipeline_->run(inputs, events, cancel,
                       [this](const std::filesystem::path& path) -> std::unique_ptr<audio::Stream> {
                           const auto found = samples_.find(path.string());
                           if (found == samples_.end()) throw InputError(path.string() + ": no such file");
                           const auto broken = breaks_at_.find(path.string());
                           if (broken != breaks_at_.end())
                               return std::make_unique<Broken>(found->second, broken->second);
                           return audio::open_samples(found->second);
                       });
    }

    ScriptedModel& model() { return model_; }
    const Timing& timing() const { return pipeline_->timing(); }

    std::vector<std::filesystem::path> inputs;
    TranscribeEvents events;
    std::map<size_t, std::vector<Segment>> segments;
    std::map<size_t, std::vector<double>> progress;
    std::map<size_t, Transcript> done;
    std::map<size_t, Timing> timings;
    std::map<size_t, std::string> errors;
    std::vector<size_t> order;
    std::atomic<int> cut{0};
    int encoded = 0;
    bool cut_throws = false;

  private:
    Vocabulary vocabulary_;
    ScriptedModel model_;
    std::optional<Pipeline> pipeline_;
    std::map<std::string, std::vector<float>> samples_;
    std::map<std::string, size_t> breaks_at_;
    float reference_ = 0;
};

/// Token of the letter that stands for a level: b for 0.
Token letter(float level) {
    return static_cast<Token>(level) + 1;
}

void next_token(std::span<const Token> history, const std::vector<Token>& text, std::span<float> logits) {
    const size_t i = sampled(history).size();
    logits[static_cast<size_t>(i < text.size() ? text[i] : kEot)] = 10;
}

/// A decoder takes its time; that of a second thread, which cuts windows, is not always at once.
ScriptedModel::Script slowly(ScriptedModel::Script script) {
    return
        [script = std::move(script)](float level, std::span<const Token> history, std::span<float> logits) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            script(level, history, logits);
        };
}

/// Half a second of the level's letter, then half a second of two of them. Languages as `languages` gives
/// them by level.
ScriptedModel::Script spells(std::map<int, Token> languages = {}) {
    return [languages](float level, std::span<const Token> history, std::span<float> logits) {
        if (history.size() == 1) {
            const auto language = languages.find(static_cast<int>(level));
            logits[static_cast<size_t>(language == languages.end() ? kEnglish : language->second)] = 10;
            return;
        }
        const Token x = letter(level);
        next_token(history, {at(0), x, at(50), at(50), x, x, at(100)}, logits);
    };
}

TranscribeOptions english() {
    TranscribeOptions options;
    options.decoding.language = "en";
    return options;
}

}  // namespace

TEST_CASE("Every window's words come out, in order, at their times in the file") {
    Bench bench(spells(), english());
    bench.add("a", {0, 3, 1});
    bench.run();
    const Transcript& transcript = bench.done.at(0);
    REQUIRE(transcript.segments.size() == 6);
    CHECK(transcript.text() == "bbbeeeccc");
    for (size_t i = 0; i < 6; ++i) {
        const Segment& segment = transcript.segments[i];
        CHECK(segment.id == static_cast<int>(i));
        CHECK(segment.start == Approx(0.5 * static_cast<double>(i)));
        CHECK(segment.end == Approx(0.5 * static_cast<double>(i + 1)));
        CHECK(segment.text == bench.segments.at(0)[i].text);
    }
    CHECK(transcript.duration == 3);
    CHECK(transcript.speech_duration == 3);
    CHECK(transcript.language == "en");
    CHECK(bench.progress.at(0).back() == Approx(3.0));
    CHECK(std::is_sorted(bench.progress.at(0).begin(), bench.progress.at(0).end()));
}

TEST_CASE("Transcripts are the same whatever the batch, and whoever shares it") {
    const std::vector<std::vector<int>> files = {{0, 1, 2, 3, 4}, {5},  {6, 7}, {8},
                                                 {9, 10, 11, 12}, {13}, {14}};
    std::vector<std::string> alone;
    for (const auto& levels : files) {
        Bench bench(spells(), english(), 1);
        bench.add("x", levels);
        bench.run();
        alone.push_back(bench.done.at(0).text());
    }
    for (const size_t batch : {1U, 3U, 8U}) {
        Bench bench(slowly(spells()), english(), batch);
        for (size_t i = 0; i < files.size(); ++i) bench.add(std::to_string(i), files[i]);
        bench.run();
        REQUIRE(bench.done.size() == files.size());
        for (size_t i = 0; i < files.size(); ++i) CHECK(bench.done.at(i).text() == alone[i]);
        if (batch > 1) CHECK(bench.model().steps < 15 * 8);  // 15 windows of 8 steps each: files share them
    }
}

TEST_CASE("Inputs are reported in order, each once, though later ones finish first") {
    // The first goes on talking until the others have finished.
    std::vector<size_t> segment_order;
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            const size_t i = sampled(history).size();
            const bool waits = level == 0 && i > 0 && i < 50 && segment_order.size() < 4;
            if (waits) std::this_thread::sleep_for(std::chrono::milliseconds(20));
            const Token next = i == 0 ? at(0) : waits || i == 1 ? static_cast<Token>(1 + i * 7 % 17) : kEot;
            logits[static_cast<size_t>(next)] = 10;
        },
        english());
    bench.add("long", {0});
    for (const char* name : {"b", "c", "d", "e"}) bench.add(name, {1});
    bench.events.on_segment = [&](size_t input, const Segment&) { segment_order.push_back(input); };
    bench.run();
    CHECK(bench.order == std::vector<size_t>{0, 1, 2, 3, 4});
    CHECK(segment_order == std::vector<size_t>{1, 2, 3, 4, 0});
}

TEST_CASE("A bad input is told, and stops nothing") {
    Bench bench(spells(), english());
    bench.add("a", {0});
    bench.inputs.emplace_back("missing");
    bench.add("breaks off", {1, 2, 3, 4}, 2 * kSecond);
    bench.add("b", {5});
    bench.run();
    CHECK(bench.order == std::vector<size_t>{0, 1, 2, 3});
    CHECK(bench.done.size() == 2);
    CHECK(bench.done.at(3).text() == "ggg");
    CHECK(contains(bench.errors.at(1), "missing"));
    CHECK(contains(bench.errors.at(2), "breaks off"));  // its partial transcript is not a result
}

TEST_CASE("No inputs at all is nothing to do") {
    Bench bench(spells(), english());
    bench.run();
    CHECK(bench.order.empty());
}

TEST_CASE("An input without speech has an empty transcript") {
    Bench bench(spells());
    bench.add("silent", {});
    bench.run();
    CHECK(bench.done.at(0).segments.empty());
    CHECK(bench.done.at(0).language.empty());
}

TEST_CASE("A language is detected once a file, on its first window, and holds for all of it") {
    // By its own sound, every window but the first would be Japanese.
    std::map<int, std::set<Token>> languages;  // seen in prompts, by level
    const auto inner = spells({{0, kGerman}, {1, kJapanese}, {2, kJapanese}, {5, kEnglish}, {6, kJapanese}});
    Bench bench([&](float level, std::span<const Token> history, std::span<float> logits) {
        if (history.size() > 1) languages[static_cast<int>(level)].insert(history[1]);
        inner(level, history, logits);
    });
    bench.add("german", {0, 1, 2, 1});
    bench.add("english", {5, 6});
    bench.run();
    CHECK(bench.done.at(0).language == "de");
    CHECK(bench.done.at(0).language_probability > 0.99);
    CHECK(bench.done.at(1).language == "en");
    for (const int level : {0, 1, 2}) CHECK(languages[level] == std::set<Token>{kGerman});
    for (const int level : {5, 6}) CHECK(languages[level] == std::set<Token>{kEnglish});
}

TEST_CASE("Sequential windows start where the last one's words ended") {
    TranscribeOptions options = english();
    options.vad = false;
    // Level 0 leaves its second segment unfinished at 0.5 s: the next window starts there.
    Bench bench(
        [](float level, std::span<const Token> history, std::span<float> logits) {
            const Token x = letter(level);
            if (level == 0) {
                next_token(history, {at(0), x, at(50), at(50), 9}, logits);
            } else {
                next_token(history, {at(0), x, at(100)}, logits);
            }
        },
        options);
    bench.add("a", {0, 1, 3, 3});
    bench.run();
    const auto& segments = bench.done.at(0).segments;
    // Windows: 0–1 s (level 0) goes on at 0.5. 0.5–1.5 is loudest at level 0 again: on at 1.0. 1–2, 2–3, 3–4
    // are whole.
    REQUIRE(segments.size() == 5);
    const std::vector<double> starts = {0, 0.5, 1, 2, 3};
    for (size_t i = 0; i < starts.size(); ++i) CHECK(segments[i].start == Approx(starts[i]));
    CHECK(bench.done.at(0).text() == "bbcee");
}

TEST_CASE("Sequential files still share a batch") {
    TranscribeOptions options = english();
    options.vad = false;
    Bench bench(slowly(spells()), options, 4);
    for (const char* name : {"a", "b", "c", "d"}) bench.add(name, {0, 1, 2, 3, 4, 5, 6, 7});
    bench.run();
    for (size_t i = 0; i < 4; ++i) CHECK(bench.done.at(i).text() == "bbbcccdddeeefffggghhhiii");
    CHECK(bench.model().widest_step >= 2);
    CHECK(bench.model().steps < 32 * 8);
}

namespace {

/// Prompts as the decoder saw them, by level: the tokens before <|startoftranscript|>.
std::map<int, std::vector<Token>> prompts_seen(TranscribeOptions options, double low_probability_level = -1) {
    std::map<int, std::vector<Token>> prompts;
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            const auto sot = std::find(history.begin(), history.end(), kSot);
            prompts[static_cast<int>(level)].assign(history.begin(), sot);
            const Token x = letter(level);
            if (static_cast<double>(level) == low_probability_level && history.back() == at(0)) {
                for (Token token = 1; token < kMusic; ++token) logits[static_cast<size_t>(token)] = 10;
                return;
            }
            next_token(history, {at(0), x, at(100)}, logits);
        },
        options);
    bench.add("a", {0, 1, 2});
    bench.run();
    CHECK(bench.done.size() == 1);
    return prompts;
}

}  // namespace

TEST_CASE("The initial prompt comes before the first window only") {
    TranscribeOptions options = english();
    options.decoding.initial_prompt = "hi";
    for (const bool vad : {true, false}) {
        options.vad = vad;
        auto prompts = prompts_seen(options);
        CHECK(prompts[0] == std::vector<Token>{kSotPrev, kBlank, 7, 8});
        CHECK(prompts[1].empty());
        CHECK(prompts[2].empty());
    }
}

TEST_CASE("Where text conditions the next window, it comes before it, with and without voice activity") {
    TranscribeOptions options = english();
    options.decoding.initial_prompt = "hi";
    options.decoding.condition_on_previous_text = true;
    for (const bool vad : {true, false}) {
        options.vad = vad;
        auto prompts = prompts_seen(options);
        CHECK(prompts[1] == std::vector<Token>{kSotPrev, kBlank, 7, 8, at(0), 1, at(100)});
        CHECK(prompts[2] == std::vector<Token>{kSotPrev, kBlank, 7, 8, at(0), 1, at(100), at(0), 2, at(100)});
    }
}

TEST_CASE("A text that took a high temperature is not handed on") {
    TranscribeOptions options = english();
    options.decoding.condition_on_previous_text = true;
    options.decoding.temperatures = {0, 0.8};
    options.decoding.logprob_threshold = -0.5;  // one token of 18 as likely: −2.9 over four
    auto prompts = prompts_seen(options, 0);
    CHECK(prompts[1].empty());
    CHECK(prompts[2] == std::vector<Token>{kSotPrev, at(0), 2, at(100)});
}

TEST_CASE("A request to stop is heard between steps, and the pipeline can run again") {
    Bench bench(spells(), english());
    bench.add("a", {0, 1, 2, 3, 4, 5});
    std::atomic<bool> cancel{false};
    bench.events.on_segment = [&](size_t, const Segment&) { cancel = true; };
    CHECK_THROWS_AS(bench.run(&cancel), Cancelled);
    CHECK(bench.done.empty());
    cancel = false;
    bench.events.on_segment = nullptr;
    bench.run(&cancel);
    CHECK(bench.done.at(0).text().size() == 18);
}

TEST_CASE("A failing decoder stops the run with its own error") {
    Bench bench(
        [](float, std::span<const Token>, std::span<float>) { throw DeviceError("the device is lost"); },
        english());
    bench.add("a", {0, 1});
    CHECK(message_of<DeviceError>([&] { bench.run(); }) == "the device is lost");
}

TEST_CASE("An error on the thread that cuts windows, other than an input's, reaches the caller") {
    Bench bench(spells(), english());
    bench.add("a", {0, 1});
    bench.cut_throws = true;
    CHECK(message_of<ModelError>([&] { bench.run(); }) == "the detector is damaged");
}

TEST_CASE("Windows are cut only a few ahead of the decoder") {
    Bench bench(spells(), english(), 2);
    bench.add("a", std::vector<int>(60, 1));
    int most = 0;
    bench.events.on_progress = [&](size_t, double seconds, double) {
        most = std::max(most, bench.cut - static_cast<int>(seconds));
    };
    bench.run();
    CHECK(most <=
          2 + 2 + 1 + 2);  // in the batch, in the queue, in the making; and both of the batch ending at once
}

TEST_CASE("The times and counts of files add up to those of the run") {
    Bench bench(spells(), english());
    bench.add("a", {0, 1, 2});
    bench.add("b", {3});
    bench.run();
    const Timing& a = bench.timings.at(0);
    const Timing& b = bench.timings.at(1);
    const Timing& sum = bench.timing();
    CHECK(a.windows == 3);
    CHECK(b.windows == 1);
    CHECK(a.tokens == 3 * 8);  // 7 tokens and the end, in each
    CHECK(a.audio_seconds == 3);
    CHECK(a.decode == 0.25);
    CHECK(a.vad == 0.5);
    CHECK(a.mel > 0);
    CHECK(a.encoder_other > 0);
    CHECK(a.decoder > 0);
    CHECK(a.total > 0);
    CHECK(sum.windows == 4);
    CHECK(sum.tokens == 4 * 8);
    CHECK(sum.audio_seconds == 4);
    CHECK(sum.decoder == Approx(a.decoder + b.decoder));
    CHECK(sum.steps == bench.model().steps);
    CHECK(sum.total >= std::max(a.total, b.total) * 0.99);
    CHECK(bench.encoded == 4);
}
