#include "audio/window.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <vector>

#include "audio/silero_vad.h"
#include "base/error.h"
#include "catch.h"
#include "data_paths.h"

using namespace npuscribe;
using audio::kSampleRate;
using audio::VadModel;
using audio::VadOptions;
using audio::Window;
using audio::Windows;
using test::Approx;

namespace {

constexpr const char* kWeights = "silero_vad_16k.safetensors";
constexpr const char* kNoWeights = "Silero's weights are not fetched";

#if defined(__SANITIZE_ADDRESS__)
constexpr int64_t kHours = 1;  // of the long test: under a sanitizer three would take a minute and more
#else
constexpr int64_t kHours = 3;
#endif

std::vector<float> all_samples(const std::filesystem::path& path) {
    const auto stream = audio::open(path);
    std::vector<float> samples;
    std::vector<float> block(16000);
    while (const size_t count = stream->read(block)) {
        samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
    }
    return samples;
}

/// A stream that computes its samples, so that it can be long without being anywhere. May break at its end.
class ComputedStream final : public audio::Stream {
  public:
    ComputedStream(int64_t length, std::function<float(int64_t)> sample, bool breaks = false)
        : length_(length), sample_(std::move(sample)), breaks_(breaks) {}
    size_t read(std::span<float> out) override {
        const auto count = std::min<int64_t>(length_ - position_, std::min<int64_t>(5000, std::ssize(out)));
        if (count == 0 && breaks_) throw InputError("it breaks off");
        for (int64_t i = 0; i < count; ++i) out[i] = sample_(position_ + i);
        position_ += count;
        return static_cast<size_t>(count);
    }
    std::optional<double> duration() const override { return std::nullopt; }
    std::string description() const override { return "computed"; }

  private:
    int64_t length_;
    std::function<float(int64_t)> sample_;
    bool breaks_;
    int64_t position_ = 0;
};

float noise(int64_t i) {
    return static_cast<float>((i * 7919 + i / 3 * 104729) % 2001 - 1000) / 4000.0F;
}

/// What must hold for any window of any file.
void check_window(const Window& window, int64_t& last_in_file) {
    CHECK(window.samples.size() <= audio::kWindowSamples);
    int64_t at = 0;
    for (const auto& piece : window.pieces) {
        CHECK(piece.in_window == at);
        CHECK(piece.length > 0);
        CHECK(piece.in_file >= last_in_file);
        at += piece.length;
        last_in_file = piece.in_file + piece.length;
    }
    CHECK(at == static_cast<int64_t>(window.samples.size()));
}

}  // namespace

TEST_CASE("times in a window map to times in the file, piece by piece", "[window]") {
    // 2 s from second 10 of the file, then 3 s from second 60.
    Window window;
    window.samples.resize(5 * kSampleRate);
    window.pieces = {{0, 10 * kSampleRate, 2 * kSampleRate},
                     {2 * kSampleRate, 60 * kSampleRate, 3 * kSampleRate}};
    CHECK(window.file_seconds(0, false) == 10.0);
    CHECK(window.file_seconds(1.5, false) == 11.5);
    CHECK(window.file_seconds(2.5, true) == 60.5);
    CHECK(window.seconds() == 5.0);

    SECTION("a border belongs to what ends there, or to what begins there") {
        CHECK(window.file_seconds(2, true) == 12.0);
        CHECK(window.file_seconds(2, false) == 60.0);
    }
    SECTION("times outside are clamped") {
        CHECK(window.file_seconds(-1, false) == 10.0);
        CHECK(window.file_seconds(29, true) == 63.0);
        CHECK(window.file_seconds(29, false) == 63.0);
    }
    SECTION("time never runs backwards") {
        double last = 0;
        for (double t = 0; t <= 5; t += 0.02) {
            const double begin = window.file_seconds(t, false);
            CHECK(begin >= last);
            CHECK(window.file_seconds(t, true) <= begin);
            last = begin;
        }
    }
}

TEST_CASE("the rest of a window keeps its place in the file", "[window]") {
    Window window;
    window.samples = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    window.pieces = {{0, 100, 4}, {4, 200, 6}};
    const Window inside_second = window.from(6);
    CHECK(inside_second.samples == std::vector<float>{6, 7, 8, 9});
    REQUIRE(inside_second.pieces.size() == 1);
    CHECK(inside_second.pieces[0].in_window == 0);
    CHECK(inside_second.pieces[0].in_file == 202);
    CHECK(inside_second.pieces[0].length == 4);
    const Window inside_first = window.from(3);
    REQUIRE(inside_first.pieces.size() == 2);
    CHECK(inside_first.pieces[0].in_file == 103);
    CHECK(inside_first.pieces[0].length == 1);
    CHECK(inside_first.pieces[1].in_window == 1);
    CHECK(inside_first.pieces[1].in_file == 200);
    CHECK(window.from(4).pieces.size() == 1);
}

TEST_CASE("sequential windows follow one another by 30 s", "[window]") {
    ComputedStream stream(70 * kSampleRate + 100, noise);
    const auto windows = audio::sequential_windows(stream);
    CHECK(windows->sequential());
    for (const int64_t start : {0, 30, 60}) {
        const auto window = windows->next();
        REQUIRE(window);
        CHECK(window->pieces.size() == 1);
        CHECK(window->pieces[0].in_file == start * kSampleRate);
        CHECK(window->samples.front() == noise(start * kSampleRate));
        CHECK(window->seconds() == Approx(start == 60 ? 10 + 100.0 / kSampleRate : 30));
    }
    CHECK_FALSE(windows->next());
    CHECK(windows->samples_read() == 70 * kSampleRate + 100);
}

TEST_CASE("sequential windows of a shorter context are shorter, and leave nothing out", "[window]") {
    ComputedStream stream(25 * kSampleRate, noise);
    const auto windows = audio::sequential_windows(stream, 10 * kSampleRate);
    for (const int64_t start : {0, 10, 20}) {
        const auto window = windows->next();
        REQUIRE(window);
        CHECK(window->pieces[0].in_file == start * kSampleRate);
        CHECK(window->seconds() == (start == 20 ? 5.0 : 10.0));
    }
    CHECK_FALSE(windows->next());
}

TEST_CASE("sequential windows go on where they are told to", "[window]") {
    ComputedStream stream(200 * kSampleRate, noise);
    const auto windows = audio::sequential_windows(stream);
    const auto expect_at = [&](int64_t sample) {
        const auto window = windows->next();
        REQUIRE(window);
        CHECK(window->samples.size() == audio::kWindowSamples);
        for (const int64_t i : {0, 1, 100000, 479999}) CHECK(window->samples[i] == noise(sample + i));
        CHECK(window->file_seconds(1, false) == Approx(static_cast<double>(sample) / kSampleRate + 1));
    };
    expect_at(0);
    windows->resume_at(12345);
    expect_at(12345);
    windows->resume_at(12345);  // the same again
    expect_at(12345);
    windows->resume_at(100 * kSampleRate + 7);  // over a stretch that was never in a window
    expect_at(100 * kSampleRate + 7);
    CHECK_THROWS_AS(windows->resume_at(5), std::invalid_argument);
    windows->resume_at(200 * kSampleRate);
    CHECK_FALSE(windows->next());
}

TEST_CASE("less than 10 ms at the end is no sequential window", "[window]") {
    for (const int64_t rest : {0, 159, 160}) {
        ComputedStream stream(30 * kSampleRate + rest, noise);
        const auto windows = audio::sequential_windows(stream);
        CHECK(windows->next());
        CHECK(windows->next().has_value() == (rest == 160));
    }
}

TEST_CASE("a break in the stream shows after the windows before it", "[window]") {
    ComputedStream stream(40 * kSampleRate, noise, true);
    const auto windows = audio::sequential_windows(stream);
    CHECK(windows->next()->seconds() == 30.0);
    CHECK(windows->next()->seconds() == 10.0);
    CHECK_THROWS_AS(windows->next(), InputError);
}

TEST_CASE("options that make no sense are refused", "[window]") {
    const auto weights = test::model_directory(kWeights);
    SKIP_WITHOUT(weights, kNoWeights);
    const VadModel vad(*weights);
    ComputedStream stream(100, noise);
    VadOptions options;
    options.threshold = 1.5F;
    CHECK_THROWS_AS(audio::speech_windows(stream, vad, options), UsageError);
    options = {};
    options.speech_pad_ms = 16000;
    CHECK_THROWS_AS(audio::speech_windows(stream, vad, options), UsageError);
    options = {};
    options.min_silence_ms = -1;
    CHECK_THROWS_AS(audio::speech_windows(stream, vad, options), UsageError);
}

TEST_CASE("silence gives no windows", "[window]") {
    const auto weights = test::model_directory(kWeights);
    SKIP_WITHOUT(weights, kNoWeights);
    const VadModel vad(*weights);
    SECTION("digital silence") {
        ComputedStream stream(100 * kSampleRate, [](int64_t) { return 0.0F; });
        const auto windows = audio::speech_windows(stream, vad, {});
        CHECK_FALSE(windows->next());
        CHECK(windows->samples_read() == 100 * kSampleRate);
        CHECK(windows->speech_samples() == 0);
    }
    SECTION("a recording of a quiet room") {
        const auto data = test::shared_audio();
        SKIP_WITHOUT(data, "shared audio is not there");
        const auto stream = audio::open(*data / "formats" / "empty.wav");
        CHECK_FALSE(audio::speech_windows(*stream, vad, {})->next());
    }
}

TEST_CASE("windows of a long recording hold every utterance and are cut between them", "[window]") {
    const auto weights = test::model_directory(kWeights);
    SKIP_WITHOUT(weights, kNoWeights);
    const auto data = test::shared_audio();
    SKIP_WITHOUT(data, "shared audio is not there");
    const VadModel vad(*weights);
    const auto path = *data / "long" / "test-other-5-speakers.flac";
    const auto samples = all_samples(path);
    const auto stream = audio::open(path);
    const auto windows = audio::speech_windows(*stream, vad, {});

    std::vector<Window> cut;
    int64_t last = 0;
    while (auto window = windows->next()) {
        check_window(*window, last);
        for (const auto& piece : window->pieces) {
            CHECK(std::equal(window->samples.begin() + piece.in_window,
                             window->samples.begin() + piece.in_window + piece.length,
                             samples.begin() + piece.in_file));
        }
        cut.push_back(std::move(*window));
    }
    CHECK(windows->samples_read() == static_cast<int64_t>(samples.size()));

    struct Utterance {
        double begin = 0;
        double end = 0;
    };
    std::vector<Utterance> utterances;
    std::ifstream table(*data / "long" / "test-other-5-speakers.segments.tsv");
    std::string line;
    std::getline(table, line);  // the names of the columns
    while (std::getline(table, line)) {
        Utterance u;
        std::istringstream(line) >> u.begin >> u.end;
        utterances.push_back(u);
    }
    REQUIRE(utterances.size() == 50);

    // Of each utterance's energy, how much is in some window. What is left out are pauses, which have next to
    // none.
    for (const auto& u : utterances) {
        double energy = 0;
        double held = 0;
        const auto begin = static_cast<int64_t>(u.begin * kSampleRate);
        const auto end = std::min(static_cast<int64_t>(u.end * kSampleRate), std::ssize(samples));
        const auto energy_of = [&](int64_t from, int64_t to) {
            double sum = 0;
            for (int64_t i = from; i < to; ++i) sum += static_cast<double>(samples[i]) * samples[i];
            return sum;
        };
        energy = energy_of(begin, end);
        for (const auto& window : cut) {
            for (const auto& piece : window.pieces) {
                held +=
                    energy_of(std::max(begin, piece.in_file), std::min(end, piece.in_file + piece.length));
            }
        }
        INFO("utterance at " << u.begin);
        CHECK(held > 0.99 * energy);
    }

    // A cut is where one window ends and the next begins; it must have at least half of a true gap's 0.4 s on
    // it, or be next to one by no more than the silence that LibriSpeech leaves around an utterance.
    size_t between = 0;
    for (size_t i = 1; i < cut.size(); ++i) {
        const auto& before = cut[i - 1].pieces.back();
        const double middle =
            static_cast<double>(before.in_file + before.length + cut[i].pieces.front().in_file) / 2 /
            kSampleRate;
        between += std::any_of(utterances.begin(), utterances.end(), [&](const Utterance& u) {
            return middle > u.end - 0.25 && middle < u.end + 0.4 + 0.25;
        });
    }
    std::cout << cut.size() << " windows of " << samples.size() / kSampleRate << " s, " << between << " of "
              << cut.size() - 1 << " cuts between utterances\n";
    CHECK(cut.size() <= 16);  // 402 s make 14 full ones
    CHECK(static_cast<double>(between) >= 0.8 * static_cast<double>(cut.size() - 1));
}

TEST_CASE("windows of a shorter context are shorter, and leave no speech out", "[window]") {
    const auto weights = test::model_directory(kWeights);
    SKIP_WITHOUT(weights, kNoWeights);
    const auto data = test::pocketsphinx_data();
    SKIP_WITHOUT(data, "pocketsphinx-testdata is not installed");
    const VadModel vad(*weights);
    // A minute of speech without end: every sample of it is in some window.
    const auto speech = all_samples(*data / "librivox" / "sense_and_sensibility_01_austen_64kb-0870.wav");
    const auto length = static_cast<int64_t>(speech.size());
    VadOptions options;
    options.max_pause_ms = 30000;
    constexpr size_t kShort = 512 * 320;  // 512 encoder frames of 20 ms
    ComputedStream stream(60 * kSampleRate,
                          [&](int64_t i) { return speech[static_cast<size_t>(i % length)]; });
    const auto windows = audio::speech_windows(stream, vad, options, kShort);
    int64_t last = 0;
    int64_t held = 0;
    while (const auto window = windows->next()) {
        check_window(*window, last);
        CHECK(window->samples.size() <= kShort);
        held += static_cast<int64_t>(window->samples.size());
    }
    // What pauses between two windows keep for themselves is at most what their padding leaves.
    CHECK(held >= windows->speech_samples());
    CHECK(held > 55 * kSampleRate);

    CHECK_THROWS_AS(audio::speech_windows(stream, vad, options, kSampleRate), UsageError);
}

TEST_CASE("hours of speech and silence take a minute of memory and map back exactly", "[window]") {
    const auto weights = test::model_directory(kWeights);
    SKIP_WITHOUT(weights, kNoWeights);
    const auto data = test::pocketsphinx_data();
    SKIP_WITHOUT(data, "pocketsphinx-testdata is not installed");
    const VadModel vad(*weights);
    const auto speech = all_samples(*data / "librivox" / "sense_and_sensibility_01_austen_64kb-0870.wav");
    // 20 minutes of speech without end, 20 minutes with a silence of 0 to 99 s after each sentence, and
    // again.
    const auto length = static_cast<int64_t>(speech.size());
    const auto sample = [&](int64_t i) {
        if (i / (20 * 60 * kSampleRate) % 2 == 0) return speech[static_cast<size_t>(i % length)];
        const int64_t round = i / (100 * kSampleRate);
        const int64_t at = i % (100 * kSampleRate);
        return at < length * (1 + round % 13) ? speech[static_cast<size_t>(at % length)] : 0.0F;
    };
    ComputedStream stream(kHours * 3600 * kSampleRate, sample);
    const auto windows = audio::speech_windows(stream, vad, {});
    int64_t most = 0;
    int64_t last = 0;
    size_t count = 0;
    bool exact = true;
    while (const auto window = windows->next()) {
        check_window(*window, last);
        most = std::max(most, windows->samples_held());
        for (const auto& piece : window->pieces) {
            for (int64_t i = 0; i < piece.length; i += 97) {
                exact = exact && window->samples[static_cast<size_t>(piece.in_window + i)] ==
                                     sample(piece.in_file + i);
            }
        }
        ++count;
    }
    CHECK(exact);
    CHECK(count > 60 * kHours);
    CHECK(most < 75 * kSampleRate);
    CHECK(windows->samples_read() == kHours * 3600 * kSampleRate);
}

TEST_CASE("speech before a break is still given", "[window]") {
    const auto weights = test::model_directory(kWeights);
    SKIP_WITHOUT(weights, kNoWeights);
    const auto data = test::pocketsphinx_data();
    SKIP_WITHOUT(data, "pocketsphinx-testdata is not installed");
    const VadModel vad(*weights);
    const auto speech = all_samples(*data / "librivox" / "sense_and_sensibility_01_austen_64kb-0870.wav");
    ComputedStream stream(
        5 * kSampleRate, [&](int64_t i) { return speech[static_cast<size_t>(i)]; }, true);
    const auto windows = audio::speech_windows(stream, vad, {});
    const auto window = windows->next();
    REQUIRE(window);
    CHECK(window->seconds() > 4);
    CHECK_THROWS_AS(windows->next(), InputError);
}
