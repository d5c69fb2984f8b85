// Writes an audio file's samples and log-mel spectrograms, window by window, for scripts/check-mel.
//
//   mel_dump AUDIO N_MELS      on standard output, for each 30 s of the file: 480000 samples, the last ones
//   zeros, then
//                              3000 × N_MELS values; all f32. Milliseconds a window, spectrogram only, on
//                              standard error.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "audio/log_mel.h"
#include "audio/window.h"
#include "base/buffer.h"
#include "base/stopwatch.h"

namespace {

using namespace npuscribe;

void write(const float* values, size_t count) {
    if (std::fwrite(values, sizeof(float), count, stdout) != count) throw std::runtime_error("cannot write");
}

void dump(const std::string& path, size_t n_mels) {
    const audio::LogMel log_mel(n_mels);
    const auto stream = audio::open(path);
    const auto windows = audio::sequential_windows(*stream);
    Buffer<float> mel(audio::kFramesPerWindow * n_mels);
    double seconds = 0;
    size_t count = 0;
    while (auto window = windows->next()) {
        {
            const AddTime time(seconds);
            log_mel.compute(window->samples, mel.matrix(audio::kFramesPerWindow, n_mels));
        }
        window->samples.resize(audio::kWindowSamples);
        write(window->samples.data(), window->samples.size());
        write(mel.data(), mel.size());
        ++count;
    }
    std::cerr << (count == 0 ? 0 : seconds * 1000 / static_cast<double>(count)) << "\n";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: mel_dump AUDIO N_MELS\n";
        return 2;
    }
    try {
        dump(argv[1], std::strtoul(argv[2], nullptr, 10));
    } catch (const std::exception& error) {
        std::cerr << "mel_dump: " << error.what() << "\n";
        return 1;
    }
    return 0;
}
