#pragma once
// The mean of a recording's channels, except where they cancel each other. Private to lib/audio.
//
// A channel whose cable or plug is wired the wrong way round is the other one's negative: their mean is
// silence, or what the two do not share. How much a mean of n channels cancels is seen in
//
//     r = (energy of the channels' sum) / (sum of the channels' energies),
//
// which is n if all are equal, 1 if they have nothing in common, and 0 if they cancel. It is taken over
// blocks of 100 ms, each weighed with half of its neighbours. From a block whose r is below 0.4 on, the
// loudest channel takes the mean's place, until r is above 0.8.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace npuscribe::audio {

class ChannelMixer {
  public:
    /// At least one channel; `sample_rate` in Hz.
    ChannelMixer(int channels, int sample_rate);

    /// Frames that a call of `mix` should have at least, so that it sees what follows a block: half a second.
    size_t good_frames() const { return 5 * block_frames_; }

    /// Replaces the frames in `samples` (interleaved) by one channel. They follow those of the last call. A
    /// frame with a sample that is not a number becomes one.
    void mix(std::vector<float>& samples);

    /// Seconds of sound (blocks louder than -70 dBFS) in which a channel took the mean's place: 0 if that
    /// was never longer than half a second at a stretch, because short stretches occur by chance.
    double cancelled_seconds() const;
    /// The channel, from 0, that took the mean's place for the longest time.
    size_t loudest_channel() const;

  private:
    static constexpr size_t kMean = SIZE_MAX;

    struct Block {
        std::vector<double> energies;  // of each channel: the sum of its squares
        double energy_of_sum = 0;
    };
    Block measure(std::span<const float> frames) const;
    void choose(const Block& before, const Block& block, const Block& after);
    void write(std::span<const float> frames, float* out);

    const size_t channels_;
    const size_t block_frames_;
    const size_t fade_frames_;
    size_t choice_ = kMean;        // what the current block is: the mean, or a channel
    size_t last_choice_ = kMean;   // what the block before was
    Block last_;                   // the last block of the call before
    uint64_t stretch_ = 0;         // frames of the current stretch without the mean
    uint64_t longest_ = 0;         // frames of the longest one
    std::vector<uint64_t> taken_;  // frames that each channel took
};

}  // namespace npuscribe::audio
