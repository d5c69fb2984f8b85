#pragma once
// Resamples a stream of one channel with libsoxr at its high quality. Private to lib/audio.

#include <cstddef>
#include <memory>
#include <span>

namespace npuscribe::audio {

class Resampler {
  public:
    Resampler(int from_rate, int to_rate);
    ~Resampler();
    Resampler(Resampler&&) noexcept;

    struct Progress {
        size_t taken = 0;  // samples consumed from `in`
        size_t given = 0;  // samples written to `out`
    };
    /// Consumes and writes as many samples as it can. An empty `in` means the end: call it again until it
    /// writes nothing.
    Progress process(std::span<const float> in, std::span<float> out);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe::audio
