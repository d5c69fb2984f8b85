// Speech windows by a detector whose answers are known, and by Silero's on real speech.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "audio/silero_vad.h"
#include "audio/window.h"
#include "base/error.h"
#include "catch.h"
#include "computed_stream.h"
#include "data_paths.h"
#include "needs.h"

using namespace npuscribe;
using audio::kSampleRate;
using audio::VadOptions;
using audio::Window;
using test::ComputedStream;
using test::noise;

namespace {

constexpr const char* kWeights = "silero_vad_16k.safetensors";

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

/// A sentence of LibriVox's, 7 s long.
std::vector<float> sentence() {
    return all_samples(test::need_pocketsphinx_data() / "librivox" /
                       "sense_and_sensibility_01_austen_64kb-0870.wav");
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
    int64_t speech = 0;
    for (const auto& range : window.speech) {
        CHECK(range.begin >= speech);
        CHECK(range.end > range.begin);
        speech = range.end;
    }
    CHECK(speech > 0);
    CHECK(speech <= at);
}

/// Takes a frame of 10 ms for speech if its first sample is not 0.
class AnySound final : public audio::VadModel {
  public:
    static constexpr size_t kFrame = 160;

    std::unique_ptr<audio::SpeechDetector> detector() const override { return std::make_unique<Detector>(); }

  private:
    struct Detector final : audio::SpeechDetector {
        size_t frame_samples() const override { return kFrame; }
        void run(std::span<const float> samples, std::span<float> probabilities) override {
            if (samples.size() != probabilities.size() * kFrame)
                throw std::invalid_argument("not whole frames");
            for (size_t i = 0; i < probabilities.size(); ++i)
                probabilities[i] = samples[i * kFrame] != 0.0F ? 1.0F : 0.0F;
        }
        void reset() override {}
    };
};

}  // namespace

TEST_CASE("any detector can choose the windows, with frames of its own length", "[window]") {
    // Sound from 10.00 s to 13.01 s and from 23 s to 25 s; the last frame of the stream is not whole.
    ComputedStream stream(40 * kSampleRate + 7, [](int64_t i) {
        const bool first = i >= 10 * kSampleRate && i < 13 * kSampleRate + 160;
        const bool second = i >= 23 * kSampleRate && i < 25 * kSampleRate;
        return first || second ? 0.5F : 0.0F;
    });
    const AnySound vad;
    const auto windows = audio::speech_windows(stream, vad, {});
    const auto window = windows->next();
    REQUIRE(window);
    REQUIRE(window->pieces.size() == 2);
    constexpr int64_t kPad = kSampleRate * 400 / 1000;
    CHECK(window->pieces[0].in_file == 10 * kSampleRate - kPad);
    CHECK(window->pieces[0].length == 3 * kSampleRate + 160 + 2 * kPad);
    CHECK(window->pieces[1].in_file == 23 * kSampleRate - kPad);
    CHECK(window->pieces[1].length == 2 * kSampleRate + 2 * kPad);
    // The window knows where its speech is: behind the padding of each piece.
    constexpr int64_t kSecondPiece = 3 * kSampleRate + 160 + 2 * kPad;
    CHECK(window->speech ==
          std::vector<audio::Range>{{kPad, kPad + 3 * kSampleRate + 160},
                                    {kSecondPiece + kPad, kSecondPiece + kPad + 2 * kSampleRate}});
    CHECK_FALSE(windows->next());
    CHECK(windows->speech_samples() == 5 * kSampleRate + 160);
}

TEST_CASE("a pipe that pauses ends a window, and nothing that was said comes twice or is lost", "[window]") {
    // It pauses in the middle of speech, in silence, twice at one place, and where a frame is not whole.
    const std::vector<int64_t> pauses = {5 * kSampleRate + 77, 12 * kSampleRate, 12 * kSampleRate,
                                         15 * kSampleRate + 1};
    const auto speaks = [](int64_t i) { return i / kSampleRate % 4 != 3; };  // 3 s of speech, 1 s of silence
    ComputedStream stream(
        20 * kSampleRate, [&](int64_t i) { return speaks(i) ? 0.5F : 0.0F; }, false, pauses);
    const AnySound vad;
    const auto windows = audio::speech_windows(stream, vad, {});
    int64_t last = 0;
    std::vector<int64_t> heard(20, 0);  // by second
    size_t count = 0;
    while (const auto window = windows->next()) {
        check_window(*window, last);
        for (const auto& piece : window->pieces) {
            for (int64_t i = piece.in_file; i < piece.in_file + piece.length; ++i)
                ++heard[static_cast<size_t>(i / kSampleRate)];
        }
        ++count;
    }
    CHECK(count == 4);
    for (size_t second = 0; second < heard.size(); ++second) {
        INFO(second);
        if (speaks(static_cast<int64_t>(second) * kSampleRate)) CHECK(heard[second] == kSampleRate);
    }
    CHECK(windows->samples_read() == 20 * kSampleRate);
}

TEST_CASE("what a decoder held back while its pipe paused is no window of its own at the end", "[window]") {
    for (const auto& [rest, count] : {std::pair<int64_t, size_t>{kSampleRate / 5, 1}, {kSampleRate, 2}}) {
        ComputedStream stream(5 * kSampleRate + rest, [](int64_t) { return 0.5F; }, false, {5 * kSampleRate});
        const AnySound vad;
        const auto windows = audio::speech_windows(stream, vad, {});
        size_t found = 0;
        while (windows->next()) ++found;
        CHECK(found == count);
        CHECK(windows->samples_read() == 5 * kSampleRate + rest);
    }
}

TEST_CASE("a pipe that never pauses has the windows of the file", "[window]") {
    const auto sample = [](int64_t i) { return i / kSampleRate % 4 != 3 ? 0.5F : 0.0F; };
    const AnySound vad;
    ComputedStream first(100 * kSampleRate, sample);
    ComputedStream second(100 * kSampleRate, sample, false, {100 * kSampleRate});  // and then at its end
    const auto a = audio::speech_windows(first, vad, {});
    const auto b = audio::speech_windows(second, vad, {});
    while (const auto window = a->next()) {
        const auto same = b->next();
        REQUIRE(same);
        CHECK(same->samples == window->samples);
    }
    CHECK_FALSE(b->next());
}

TEST_CASE("sequential windows go on after a pause of their pipe, and wait for what they do not know",
          "[window]") {
    ComputedStream stream(50 * kSampleRate, noise, false, {10 * kSampleRate, 10 * kSampleRate});
    const auto windows = audio::sequential_windows(stream);
    auto window = windows->next();
    REQUIRE(window);
    CHECK(std::ssize(window->samples) == 10 * kSampleRate);
    windows->resume_at(8 * kSampleRate);
    window = windows->next();  // not the two seconds that are left over: they were heard
    REQUIRE(window);
    CHECK(window->pieces.front().in_file == 8 * kSampleRate);
    CHECK(window->samples.size() == audio::kWindowSamples);
}

TEST_CASE("speech without a pause makes windows of 30 s at the most, whatever a frame's length", "[window]") {
    ComputedStream stream(100 * kSampleRate, [](int64_t) { return 0.5F; });
    const AnySound vad;
    const auto windows = audio::speech_windows(stream, vad, {});
    int64_t last = 0;
    while (const auto window = windows->next()) check_window(*window, last);
    CHECK(last == 100 * kSampleRate);
}

TEST_CASE("options that cannot be used are refused", "[window]") {
    const AnySound vad;
    ComputedStream stream(100, noise);
    const auto refuse = [&](const VadOptions& options) {
        CHECK_THROWS_AS(audio::speech_windows(stream, vad, options), UsageError);
    };
    VadOptions options;
    options.threshold = 1.5F;
    refuse(options);
    options = {};
    options.speech_pad_ms = 16000;
    refuse(options);
    options = {};
    options.min_silence_ms = -1;
    refuse(options);
}

TEST_CASE("silence gives no windows", "[window][needs-models][needs-audio]") {
    const audio::SileroVad vad(test::need_model(kWeights));
    SECTION("digital silence") {
        ComputedStream stream(100 * kSampleRate, [](int64_t) { return 0.0F; });
        const auto windows = audio::speech_windows(stream, vad, {});
        CHECK_FALSE(windows->next());
        CHECK(windows->samples_read() == 100 * kSampleRate);
        CHECK(windows->speech_samples() == 0);
    }
    SECTION("a recording of a quiet room") {
        const auto data = test::need_shared_audio();
        const auto stream = audio::open(data / "formats" / "empty.wav");
        CHECK_FALSE(audio::speech_windows(*stream, vad, {})->next());
    }
}

TEST_CASE("windows of a long recording hold every utterance, and are cut between utterances",
          "[window][needs-models][needs-audio]") {
    const auto weights = test::need_model(kWeights);
    const auto data = test::need_shared_audio();
    const audio::SileroVad vad(weights);
    const auto path = data / "long" / "test-other-5-speakers.flac";
    const auto samples = all_samples(path);
    const auto stream = audio::open(path);
    const auto windows = audio::speech_windows(*stream, vad, {});

    std::vector<Window> cut;
    int64_t last = 0;
    while (auto window = windows->next()) {
        check_window(*window, last);
        for (const auto& piece : window->pieces) {
            // The samples are the file's, or louder where the voice beside them is far louder
            // (speech_level.h).
            const auto matches = [](float in_window, float in_file) {
                const float size = std::abs(in_window);
                return in_window * in_file >= 0 && size >= std::abs(in_file) &&
                       size <= 18 * std::abs(in_file);
            };
            CHECK(std::equal(window->samples.begin() + piece.in_window,
                             window->samples.begin() + piece.in_window + piece.length,
                             samples.begin() + piece.in_file, matches));
        }
        cut.push_back(std::move(*window));
    }
    CHECK(windows->samples_read() == static_cast<int64_t>(samples.size()));

    struct Utterance {
        double begin = 0;
        double end = 0;
    };
    std::vector<Utterance> utterances;
    std::ifstream table(data / "long" / "test-other-5-speakers.segments.tsv");
    std::string line;
    std::getline(table, line);  // the names of the columns
    while (std::getline(table, line)) {
        Utterance u;
        std::istringstream(line) >> u.begin >> u.end;
        utterances.push_back(u);
    }
    REQUIRE(utterances.size() == 50);

    // Nearly all of each utterance's energy is in some window. Only pauses are left out, and they have next
    // to none.
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

    // A cut is where one window ends and the next begins. It must lie in a gap between utterances (0.4 s), or
    // be no further from one than the silence that LibriSpeech leaves around an utterance.
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

TEST_CASE("windows for a shorter context are shorter, and leave no speech out",
          "[window][needs-models][needs-pocketsphinx]") {
    const audio::SileroVad vad(test::need_model(kWeights));
    // A minute of speech without a long pause: every sample of it is in some window.
    const auto speech = sentence();
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
    CHECK(held >= windows->speech_samples());
    CHECK(held > 55 * kSampleRate);

    CHECK_THROWS_AS(audio::speech_windows(stream, vad, options, kSampleRate), UsageError);
}

TEST_CASE("hours of speech and silence take a minute of memory, and their times map back exactly",
          "[window][needs-models][needs-pocketsphinx]") {
    const audio::SileroVad vad(test::need_model(kWeights));
    const auto speech = sentence();
    // By turns, 20 minutes of speech without a pause and 20 minutes with silences between the sentences.
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

TEST_CASE("speech before a break in the stream is still returned",
          "[window][needs-models][needs-pocketsphinx]") {
    const audio::SileroVad vad(test::need_model(kWeights));
    const auto speech = sentence();
    ComputedStream stream(
        5 * kSampleRate, [&](int64_t i) { return speech[static_cast<size_t>(i)]; }, true);
    const auto windows = audio::speech_windows(stream, vad, {});
    const auto window = windows->next();
    REQUIRE(window);
    CHECK(window->seconds() > 4);
    CHECK_THROWS_AS(windows->next(), InputError);
}
