#include "audio/log_mel.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#include "audio/mel_filters.h"
#include "base/buffer.h"
#include "base/error.h"
#include "catch.h"
#include "data_paths.h"

using namespace npuscribe;
using audio::LogMel;
using test::Approx;

namespace {

// The signal of tests/data/make_log_mel.py.
std::vector<float> golden_signal(size_t count) {
    std::vector<float> samples(count);
    uint64_t state = 1;
    for (size_t i = 0; i < count; ++i) {
        state = (state * 1103515245 + 12345) % (uint64_t{1} << 31);
        const auto chirp = static_cast<int64_t>(uint64_t{i} * i / 4096 % 4096) - 2048;
        const auto noise = static_cast<int64_t>(state / 65536 % 256) - 128;
        // Python's // rounds towards minus infinity.
        const auto swell = static_cast<int64_t>(
            std::floor(static_cast<double>(chirp * static_cast<int64_t>(i % 48000)) / 48000.0));
        samples[i] = static_cast<float>(swell * 16 + noise) / 65536.0F;
    }
    return samples;
}

Buffer<float> spectrogram(const LogMel& mel, const std::vector<float>& samples, size_t frames) {
    Buffer<float> out(frames * mel.n_mels());
    mel.compute(samples, out.matrix(frames, mel.n_mels()));
    return out;
}

}  // namespace

TEST_CASE("the log-mel spectrogram is faster-whisper's, on frames at every kind of border", "[log_mel]") {
    for (const size_t n_mels : {size_t{80}, size_t{128}}) {
        const LogMel mel(n_mels);
        std::ifstream golden(test::test_data("log_mel_" + std::to_string(n_mels) + ".txt"));
        REQUIRE(golden);
        size_t rows = 0;
        size_t computed_for = 0;
        Buffer<float> out;
        double worst = 0;
        for (std::string line; std::getline(golden, line); ++rows) {
            std::istringstream fields(line);
            size_t count = 0;
            size_t frame = 0;
            fields >> count >> frame;
            if (count != computed_for) out = spectrogram(mel, golden_signal(count), 3000);
            computed_for = count;
            for (size_t band = 0; band < n_mels; ++band) {
                double expected = 0;
                REQUIRE(fields >> expected);
                worst = std::max(worst, std::abs(expected - static_cast<double>(out[frame * n_mels + band])));
            }
        }
        CHECK(rows == 28);
        CHECK(worst < 5e-5);
    }
}

TEST_CASE("digital silence is -1.5 everywhere", "[log_mel]") {
    // log10(1e-10) = -10; (-10 + 4) / 4 = -1.5.
    const LogMel mel(80);
    for (const size_t count : {size_t{0}, size_t{1}, size_t{100000}, size_t{480000}}) {
        const auto out = spectrogram(mel, std::vector<float>(count, 0.0F), 3000);
        CHECK(std::all_of(out.begin(), out.end(), [](float value) { return value == -1.5F; }));
    }
}

TEST_CASE("a sine lights up the band of its frequency, 8 decades above the silence after it", "[log_mel]") {
    std::vector<float> samples(16000);
    for (size_t i = 0; i < samples.size(); ++i) {
        samples[i] = 0.5F * std::sin(2.0F * 3.14159265F * 1000.0F * static_cast<float>(i) / 16000.0F);
    }
    const LogMel mel(80);
    const auto out = spectrogram(mel, samples, 3000);
    const float* frame = out.data() + 50 * 80;
    const auto peak = std::max_element(frame, frame + 80) - frame;
    // 1000 Hz is 15 mel of 45.2456; band i peaks at (i + 1) / 81 of that: the nearest is i = 26.
    CHECK(peak == 26);
    CHECK(out[50 * 80 + 26] - out[2000 * 80 + 26] == Approx(2.0));  // 8 decades / 4
}

TEST_CASE("fewer frames are the first ones of the whole window, with its dynamic range", "[log_mel]") {
    auto samples = golden_signal(160000);
    for (size_t i = 150000; i < 160000; ++i)
        samples[i] *= 30.0F;  // the loudest part comes after the frames asked for
    const LogMel mel(128);
    const auto all = spectrogram(mel, samples, 3000);
    for (const size_t frames : {size_t{1}, size_t{31}, size_t{512}}) {
        const auto some = spectrogram(mel, samples, frames);
        CHECK(std::equal(some.begin(), some.end(), all.begin()));
    }
}

TEST_CASE("the output may have a stride", "[log_mel]") {
    const auto samples = golden_signal(4000);
    const LogMel mel(80);
    const auto dense = spectrogram(mel, samples, 40);
    std::vector<float> wide(40 * 100, 7.0F);
    mel.compute(samples, MatrixView<float>(wide.data(), 40, 80, 100));
    for (size_t r = 0; r < 40; ++r) {
        CHECK(std::equal(wide.begin() + r * 100, wide.begin() + r * 100 + 80, dense.begin() + r * 80));
        CHECK(std::all_of(wide.begin() + r * 100 + 80, wide.begin() + (r + 1) * 100,
                          [](float value) { return value == 7.0F; }));
    }
}

TEST_CASE("mel filters are slaney's triangles of equal area", "[log_mel]") {
    const auto bands = audio::mel_filters(80, 400, 16000);
    REQUIRE(bands.size() == 80);
    // librosa.filters.mel(sr=16000, n_fft=400, n_mels=80): its first and last non-zero entries.
    CHECK(bands[0].first_bin == 1);
    CHECK(bands[0].weights.size() == 1);
    CHECK(bands[0].weights[0] == Approx(0.02486259));
    CHECK(bands[79].first_bin + bands[79].weights.size() == 200);
    CHECK(bands[79].weights.back() == Approx(0.00044876).epsilon(1e-3));
}

TEST_CASE("any other number of mel bands than 80 or 128 is refused", "[log_mel]") {
    const auto message = test::message_of<ModelError>([] { LogMel mel(64); });
    CHECK(test::contains(message, "64"));
    CHECK(test::contains(message, "80 or 128"));
}

TEST_CASE("more than 30 s, or an output of the wrong shape, is refused", "[log_mel]") {
    const LogMel mel(80);
    std::vector<float> out(80);
    const std::vector<float> long_clip(480001);
    CHECK_THROWS_AS(mel.compute(long_clip, MatrixView<float>(out.data(), 1, 80)), std::invalid_argument);
    CHECK_THROWS_AS(mel.compute({}, MatrixView<float>(out.data(), 1, 79)), std::invalid_argument);
}
