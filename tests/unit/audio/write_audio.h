#pragma once
// Recordings that tests make.

#include <sndfile.h>

#include <filesystem>
#include <vector>

#include "catch.h"

namespace npuscribe::test {

/// Writes interleaved samples in one of libsndfile's formats.
inline void write_audio(const std::filesystem::path& path, int format, int rate,
                        const std::vector<float>& samples, int channels = 1) {
    SF_INFO info{};
    info.format = format;
    info.samplerate = rate;
    info.channels = channels;
    SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
    REQUIRE(file != nullptr);
    const auto frames = static_cast<sf_count_t>(samples.size()) / channels;
    REQUIRE(sf_writef_float(file, samples.data(), frames) == frames);
    sf_close(file);
}

}  // namespace npuscribe::test
