#pragma once
// The speech that the benchmarks work on.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace npuscribe::bench {

struct Speech {
    std::vector<float> samples;                 // 16 kHz, mono
    std::string description;                    // its origin, for people
    std::optional<std::filesystem::path> file;  // the (first) file that was decoded

    /// Window `index` of 30 s. After its end, the speech starts over.
    std::vector<float> window(size_t index) const;
};

/// At least `seconds` of speech, repeated if there is less: from `file`; if that is empty, from Debian's
/// pocketsphinx-testdata (LibriVox) if it is installed, else an imitation. Throws InputError if `file` cannot
/// be read or holds no audio.
Speech load_speech(const std::filesystem::path& file, double seconds);

/// Syllables of a gliding voice with three formants, pauses and noise, the same each time. A model's output
/// for it means nothing, but its spectrogram has the size and shape of that of speech.
std::vector<float> imitated_speech(double seconds);

}  // namespace npuscribe::bench
