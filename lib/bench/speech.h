#pragma once
// What the benchmarks listen to.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace npuscribe::bench {

struct Speech {
    std::vector<float> samples;                 // 16 kHz, mono
    std::string description;                    // where it comes from, for people
    std::optional<std::filesystem::path> file;  // of which the samples, or the first of them, were decoded

    /// Window `index` of 30 s; beyond the end it starts over.
    std::vector<float> window(size_t index) const;
};

/// At least `seconds`, repeated where there is less: of `file`; without one (an empty path), of Debian's
/// pocketsphinx-testdata (LibriVox) where it is installed; else an imitation. Throws InputError where `file`
/// cannot be read or holds nothing.
Speech load_speech(const std::filesystem::path& file, double seconds);

/// The same each time: syllables of a gliding voice with three formants, pauses, and noise. What a
/// spectrogram of it makes of a model means nothing; its size and shape are those of speech.
std::vector<float> imitated_speech(double seconds);

}  // namespace npuscribe::bench
