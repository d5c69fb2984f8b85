// Which windows an input is cut into.
#include "transcribe/window_cutter.h"

#include <memory>
#include <vector>

#include "catch.h"

using namespace npuscribe;

namespace {

constexpr size_t kSecond = audio::kSampleRate;

/// Takes everything for speech.
class AllSpeech final : public audio::VadModel {
  public:
    std::unique_ptr<audio::SpeechDetector> detector() const override { return std::make_unique<Detector>(); }

  private:
    struct Detector final : audio::SpeechDetector {
        size_t frame_samples() const override { return 512; }
        void run(std::span<const float>, std::span<float> probabilities) override {
            for (float& probability : probabilities) probability = 1;
        }
        void reset() override {}
    };
};

std::vector<size_t> lengths(audio::Windows& windows) {
    std::vector<size_t> samples;
    while (const auto window = windows.next()) samples.push_back(window->samples.size());
    return samples;
}

std::vector<float> recording() {
    std::vector<float> samples(25 * kSecond, 0.1F);
    for (size_t i = 0; i < samples.size(); i += 2) samples[i] = -0.1F;  // a window of one value has no sound
    return samples;
}

}  // namespace

TEST_CASE("Without voice activity detection, windows follow each other and are as long as they may be") {
    const auto samples = recording();
    const auto stream = audio::open_samples(samples);
    TranscribeOptions options;
    options.vad = false;
    const WindowCutter cutter(options, nullptr, 10 * kSecond);
    const auto windows = cutter.cut(*stream);
    CHECK(windows->sequential());
    CHECK(lengths(*windows) == std::vector<size_t>{10 * kSecond, 10 * kSecond, 5 * kSecond});
}

TEST_CASE("With voice activity detection, the detector decides what is cut, and no window is too long") {
    const auto samples = recording();
    const auto stream = audio::open_samples(samples);
    const AllSpeech vad;
    const TranscribeOptions options;
    const WindowCutter cutter(options, &vad, 10 * kSecond);
    const auto windows = cutter.cut(*stream);
    CHECK_FALSE(windows->sequential());
    size_t sum = 0;
    for (const size_t length : lengths(*windows)) {
        CHECK(length <= 10 * kSecond);
        sum += length;
    }
    CHECK(sum == samples.size());
}

TEST_CASE("Each clip is cut as a recording of its own, with or without a stand-in") {
    const auto samples = recording();
    TranscribeOptions options;
    options.vad = false;
    options.clips = {{1, 4}, {6, 20}};
    int cut = 0;
    const WindowCutter plain(options, nullptr, 10 * kSecond);
    const WindowCutter replaced(options, nullptr, 10 * kSecond, [&](audio::Stream& clip) {
        ++cut;
        return audio::sequential_windows(clip, 7 * kSecond);
    });
    CHECK(lengths(*plain.cut(*audio::open_samples(samples))) ==
          std::vector<size_t>{3 * kSecond, 10 * kSecond, 4 * kSecond});
    CHECK(lengths(*replaced.cut(*audio::open_samples(samples))) ==
          std::vector<size_t>{3 * kSecond, 7 * kSecond, 7 * kSecond});
    CHECK(cut == 2);
}
