#pragma once
// libsoxr at its high quality, streaming, one channel. Inside lib/audio only.

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
        size_t taken = 0;  // of `in`
        size_t given = 0;  // to `out`
    };
    /// Takes and gives what it can. An empty `in` means the end: call until nothing is given.
    Progress process(std::span<const float> in, std::span<float> out);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe::audio
