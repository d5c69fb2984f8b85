#include "audio/second_look.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "audio/silero_vad.h"
#include "audio/stream.h"
#include "catch.h"
#include "data_paths.h"
#include "needs.h"

using namespace npuscribe;
using audio::SecondLook;
using audio::SileroVad;

namespace {

constexpr const char* kSpeech = "librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
constexpr const char* kWeights = "silero_vad_16k.safetensors";
constexpr size_t kCall = 64 * SileroVad::kFrame;  // what speech_windows gives it at once

/// All samples of a file, padded with zeros to whole calls.
std::vector<float> samples_of(const std::filesystem::path& path) {
    const auto stream = audio::open(path);
    std::vector<float> samples;
    std::vector<float> block(10000);
    while (const size_t count = stream->read(block))
        samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
    samples.resize((samples.size() + kCall - 1) / kCall * kCall);
    return samples;
}

std::vector<float> times(std::vector<float> samples, double decibels) {
    for (float& sample : samples) sample *= static_cast<float>(std::pow(10, decibels / 20));
    return samples;
}

std::vector<float> joined(std::vector<float> a, const std::vector<float>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::vector<float> probabilities(audio::SpeechDetector& detector, const std::vector<float>& samples) {
    std::vector<float> out(samples.size() / SileroVad::kFrame);
    for (size_t done = 0; done < samples.size(); done += kCall) {
        const size_t count = std::min(kCall, samples.size() - done);
        detector.run(std::span(samples).subspan(done, count),
                     std::span(out).subspan(done / SileroVad::kFrame, count / SileroVad::kFrame));
    }
    return out;
}

size_t speech_frames(std::span<const float> probabilities) {
    return static_cast<size_t>(
        std::count_if(probabilities.begin(), probabilities.end(), [](float p) { return p >= 0.5F; }));
}

/// The most frames in a row that are speech.
size_t longest_speech(std::span<const float> probabilities) {
    size_t longest = 0, now = 0;
    for (const float p : probabilities) {
        now = p >= 0.5F ? now + 1 : 0;
        longest = std::max(longest, now);
    }
    return longest;
}

constexpr float kThreshold = 0.5F;

/// Another model, whose detectors count the frames that they are given.
class Counting final : public audio::VadModel {
  public:
    explicit Counting(const audio::VadModel& model) : model_(model) {}
    std::unique_ptr<audio::SpeechDetector> detector() const override {
        return std::make_unique<Detector>(model_.detector(), frames_);
    }
    /// Frames of this recording that were listened to twice.
    size_t heard_twice(const std::vector<float>& recording) const {
        return frames_ - recording.size() / SileroVad::kFrame;
    }

  private:
    struct Detector final : audio::SpeechDetector {
        Detector(std::unique_ptr<audio::SpeechDetector> counted, size_t& count)
            : detector(std::move(counted)), frames(count) {}
        size_t frame_samples() const override { return detector->frame_samples(); }
        void run(std::span<const float> samples, std::span<float> probabilities) override {
            frames += probabilities.size();
            detector->run(samples, probabilities);
        }
        void reset() override { detector->reset(); }

        std::unique_ptr<audio::SpeechDetector> detector;
        size_t& frames;
    };

    const audio::VadModel& model_;
    mutable size_t frames_ = 0;
};

/// Hears only what is about as loud as the level that a second look brings sound to.
class Shy final : public audio::VadModel {
  public:
    std::unique_ptr<audio::SpeechDetector> detector() const override { return std::make_unique<Detector>(); }

  private:
    struct Detector final : audio::SpeechDetector {
        size_t frame_samples() const override { return SileroVad::kFrame; }
        void run(std::span<const float> samples, std::span<float> probabilities) override {
            for (size_t i = 0; i < probabilities.size(); ++i) {
                const auto frame = samples.subspan(i * SileroVad::kFrame, SileroVad::kFrame);
                const float peak = *std::max_element(frame.begin(), frame.end());
                probabilities[i] = peak > 0.001F && peak < 0.05F ? 0.9F : 0.1F;
            }
        }
        void reset() override {}
    };
};

/// Silence of `frames` frames with a tone in frames [begin, end).
std::vector<float> tone_in_silence(size_t frames, size_t begin, size_t end) {
    std::vector<float> samples(frames * SileroVad::kFrame);
    for (size_t i = begin * SileroVad::kFrame; i < end * SileroVad::kFrame; ++i)
        samples[i] = 0.5F * static_cast<float>(std::sin(0.4 * static_cast<double>(i)));  // 1 kHz
    return samples;
}

}  // namespace

TEST_CASE("a voice that only the second detector hears counts, but not a sound of a moment", "[vad]") {
    const Shy model;
    SecondLook detector(model, {kThreshold});
    const auto voice = probabilities(detector, tone_in_silence(64, 20, 50));
    CHECK(speech_frames(voice) == 30);
    CHECK(speech_frames(std::span(voice).subspan(20, 30)) == 30);

    detector.reset();
    CHECK(speech_frames(probabilities(detector, tone_in_silence(64, 20, 24))) == 0);
}

TEST_CASE("a voice goes on from one call to the next", "[vad]") {
    const Shy model;
    SecondLook detector(model, {kThreshold});
    const auto heard = probabilities(detector, tone_in_silence(128, 40, 66));
    CHECK(speech_frames(std::span(heard).subspan(40, 26)) == 26);
    CHECK(speech_frames(heard) == 26);
}

TEST_CASE("a voice that is 36 dB quieter than the one before is heard nearly as well as alone",
          "[vad][needs-models][needs-pocketsphinx]") {
    const SileroVad model(test::need_model(kWeights));
    const auto speech = samples_of(test::need_pocketsphinx_data() / kSpeech);
    const auto plain = model.detector();
    const size_t alone = speech_frames(probabilities(*plain, speech));
    const size_t half = speech.size() / SileroVad::kFrame;
    const auto recording = joined(speech, times(speech, -36));

    const auto quiet_part = [&](audio::SpeechDetector& detector) {
        const auto heard = probabilities(detector, recording);
        return speech_frames(std::span(heard).subspan(half));
    };
    plain->reset();
    const size_t by_one = quiet_part(*plain);
    SecondLook twice(model, {kThreshold});
    const size_t by_two = quiet_part(twice);
    INFO(alone << " frames alone, " << by_one << " with one detector, " << by_two << " with two");
    CHECK(by_two > by_one);
    CHECK(by_two >= alone * 3 / 4);
}

TEST_CASE("a far voice is heard although the hiss of the line is as strong",
          "[vad][needs-models][needs-pocketsphinx]") {
    const SileroVad model(test::need_model(kWeights));
    const auto speech = samples_of(test::need_pocketsphinx_data() / kSpeech);
    const auto plain = model.detector();
    const size_t alone = speech_frames(probabilities(*plain, speech));
    const size_t half = speech.size() / SileroVad::kFrame;
    // Telephones cut away what is above 3.4 kHz: three times the mean of five samples has zeros from 3.2 kHz
    // on.
    std::vector<float> far = speech;
    for (int pass = 0; pass < 3; ++pass) {
        const std::vector<float> before = far;
        for (size_t i = 4; i < far.size(); ++i)
            far[i] = (before[i] + before[i - 1] + before[i - 2] + before[i - 3] + before[i - 4]) / 5;
    }
    far = times(far, -36);
    double power = 0;
    for (const float sample : far)
        power += static_cast<double>(sample * sample) / static_cast<double>(far.size());
    std::mt19937 random(1);
    std::normal_distribution<float> hiss(0, static_cast<float>(std::sqrt(power)));
    auto recording = joined(speech, far);
    for (float& sample : recording) sample += hiss(random);
    SecondLook twice(model, {kThreshold});
    const auto heard = probabilities(twice, recording);
    INFO(alone << " frames alone, " << speech_frames(std::span(heard).subspan(half)) << " in the hiss");
    CHECK(speech_frames(std::span(heard).subspan(half)) >= alone / 2);
}

TEST_CASE("a recording that is quiet from its beginning to its end is heard",
          "[vad][needs-models][needs-pocketsphinx]") {
    const SileroVad model(test::need_model(kWeights));
    const auto speech = samples_of(test::need_pocketsphinx_data() / kSpeech);
    SecondLook detector(model, {kThreshold});
    const size_t loud = speech_frames(probabilities(detector, speech));
    for (const double level : {-20.0, -30.0, -40.0}) {
        INFO(level << " dB");
        detector.reset();
        CHECK(speech_frames(probabilities(detector, times(speech, level))) >= loud * 3 / 4);
    }
}

TEST_CASE("a second look only adds speech", "[vad][needs-models][needs-pocketsphinx]") {
    const SileroVad model(test::need_model(kWeights));
    const auto speech = samples_of(test::need_pocketsphinx_data() / kSpeech);
    const auto plain = model.detector();
    const auto one = probabilities(*plain, speech);
    SecondLook detector(model, {kThreshold});
    const auto two = probabilities(detector, speech);
    for (size_t i = 0; i < one.size(); ++i) {
        CHECK(two[i] >= one[i]);
    }
    detector.reset();
    CHECK(probabilities(detector, speech) == two);
}

TEST_CASE("noise, hum and tones stay what they are when they are brought to the level of speech",
          "[vad][needs-models]") {
    const SileroVad model(test::need_model(kWeights));
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    const auto tone = [](double a, double b, double on, double period) {
        return [=](double t) {
            const bool sounds = std::fmod(t, period) < on;
            const double turn = 2 * std::numbers::pi * t;
            return sounds ? static_cast<float>(std::sin(a * turn) + std::sin(b * turn)) : 0.0F;
        };
    };
    float lowpass = 0;
    const std::vector<std::pair<std::string, std::function<float(double)>>> sounds = {
        {"white noise", [&](double) { return normal(random); }},
        {"brown noise", [&](double) { return lowpass = 0.98F * lowpass + 0.2F * normal(random); }},
        {"breath",
         [&](double t) {
             const double breath = std::max(0.0, std::sin(2 * t));
             lowpass += 0.6F * (normal(random) - lowpass);
             return static_cast<float>(breath * breath) * lowpass;
         }},
        {"hum", tone(50, 150, 1, 1)},
        {"dial tone", tone(350, 440, 1, 1)},
        {"ring tone", tone(440, 480, 2, 6)},
        {"busy tone", tone(480, 620, 0.5, 1)},
    };
    for (const auto& [name, sound] : sounds) {
        for (const double level : {-20.0, -40.0, -55.0, -70.0}) {
            std::vector<float> samples(20 * kCall);
            for (size_t i = 0; i < samples.size(); ++i)
                samples[i] = sound(static_cast<double>(i) / audio::kSampleRate);
            SecondLook detector(model, {kThreshold});
            const auto heard = probabilities(detector, times(samples, level));
            INFO(name << " at " << level << " dB");
            CHECK(longest_speech(heard) * SileroVad::kFrame < audio::kSampleRate / 10);  // a click, at most
        }
    }
}

TEST_CASE("a steady background is not listened to twice for long", "[vad][needs-models]") {
    const SileroVad model(test::need_model(kWeights));
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 0.01F);
    std::vector<float> samples(150 * kCall);  // five minutes
    for (float& sample : samples) sample = normal(random);
    const Counting counting(model);
    SecondLook detector(counting, {kThreshold});
    probabilities(detector, samples);
    CHECK(counting.heard_twice(samples) < samples.size() / SileroVad::kFrame / 5);
}

TEST_CASE("silence is not listened to twice at all", "[vad][needs-models]") {
    const SileroVad model(test::need_model(kWeights));
    const Counting counting(model);
    SecondLook detector(counting, {kThreshold});
    const std::vector<float> silence(10 * kCall);
    CHECK(speech_frames(probabilities(detector, silence)) == 0);
    CHECK(counting.heard_twice(silence) == 0);
}
