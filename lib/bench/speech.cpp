#include "bench/speech.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "audio/stream.h"
#include "audio/window.h"
#include "base/error.h"

namespace npuscribe::bench {
namespace fs = std::filesystem;
namespace {

// The LibriVox recordings of Debian's package pocketsphinx-testdata.
constexpr const char* kLibriVox = "/usr/share/pocketsphinx/test/data/librivox";

void append(std::vector<float>& samples, const fs::path& file, size_t wanted) {
    const auto stream = audio::open(file);
    std::vector<float> block(audio::kSampleRate);
    while (samples.size() < wanted) {
        const size_t count = stream->read(block);
        if (count == 0) return;
        samples.insert(samples.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    }
}

std::vector<fs::path> librivox_recordings() {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(kLibriVox, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() == ".wav") files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

void repeat(std::vector<float>& samples, size_t wanted) {
    const size_t once = samples.size();
    while (samples.size() < wanted) samples.push_back(samples[samples.size() - once]);
}

}  // namespace

std::vector<float> Speech::window(size_t index) const {
    std::vector<float> out(audio::kWindowSamples);
    const size_t first = index * audio::kWindowSamples;
    for (size_t i = 0; i < out.size(); ++i) out[i] = samples[(first + i) % samples.size()];
    return out;
}

std::vector<float> imitated_speech(double seconds) {
    constexpr double kTwoPi = 2 * std::numbers::pi;
    constexpr std::array kFormants = {550.0, 1500.0, 2500.0};
    constexpr double kSyllables = 4;    // a second
    constexpr double kPhrase = 2.5;     // seconds, the last fifth of them silent
    constexpr double kBandwidth = 250;  // of a formant, Hz
    constexpr int kHarmonics = 25;
    std::vector<float> samples(static_cast<size_t>(seconds * audio::kSampleRate));
    uint32_t random = 1;
    double phase = 0;
    for (size_t i = 0; i < samples.size(); ++i) {
        const double t = static_cast<double>(i) / audio::kSampleRate;
        const double pitch = 120 + 30 * std::sin(kTwoPi * 0.7 * t);
        phase += kTwoPi * pitch / audio::kSampleRate;
        const double syllable = std::pow(std::sin(std::numbers::pi * kSyllables * t), 2);
        const bool silent = std::fmod(t, kPhrase) > 0.8 * kPhrase;
        double voice = 0;
        for (int h = 1; h <= kHarmonics; ++h) {
            double gain = 0.02;
            for (const double formant : kFormants) {
                const double away =
                    (h * pitch - formant * (1 + 0.2 * std::sin(kTwoPi * 1.3 * t))) / kBandwidth;
                gain += std::exp(-away * away);
            }
            voice += gain / h * std::sin(h * phase);
        }
        random = random * 1664525 + 1013904223;  // Numerical Recipes
        const double noise = static_cast<double>(random >> 8) / (1 << 23) - 1;
        samples[i] = static_cast<float>((silent ? 0 : 0.1 * syllable * voice) + 0.001 * noise);
    }
    return samples;
}

Speech load_speech(const fs::path& file, double seconds) {
    const auto wanted = static_cast<size_t>(seconds * audio::kSampleRate);
    Speech speech;
    if (!file.empty()) {
        append(speech.samples, file, wanted);
        if (speech.samples.empty()) throw InputError(fmt::format("{} holds no audio", file.string()));
        speech.description = file.string();
        speech.file = file;
    } else if (const auto recordings = librivox_recordings(); !recordings.empty()) {
        for (const fs::path& recording : recordings) append(speech.samples, recording, wanted);
        speech.description = "LibriVox speech of pocketsphinx-testdata";
        speech.file = recordings.front();
    }
    if (speech.samples.empty()) {
        speech.samples = imitated_speech(seconds);
        speech.description =
            "an imitation of speech: pocketsphinx-testdata is not installed, and no file was given";
    }
    const size_t once = speech.samples.size();
    if (once < wanted) {
        repeat(speech.samples, wanted);
        speech.description += ", repeated";
    }
    return speech;
}

}  // namespace npuscribe::bench
