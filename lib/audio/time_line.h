#pragma once
// Where the frames of an audio track belong in time, by their time stamps. Private to lib/audio.
//
// Sound follows sound as its samples count, unless the time stamps say clearly that something is missing or
// is there twice: time stamps are rounded, and clocks drift.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace npuscribe::audio {

class TimeLine {
  public:
    /// Time stamps that differ less from the count of samples are not followed.
    static constexpr double kTolerance = 0.1;
    /// A step back is an overlap if it is not longer. After a longer one the track begins anew.
    static constexpr double kLongestOverlap = 30;
    /// A longer hole is no silence: the time stamps are wrong, or begin anew.
    static constexpr double kLongestHole = 24 * 3600.0;
    static constexpr double kLongestHoleOfBroadcast = 3600;

    /// `begin`: the time stamp of the file's beginning, in seconds, if it states one. `broadcast`: the
    /// container's time stamps may begin anew inside a file, as in MPEG transport streams that were joined.
    TimeLine(std::optional<double> begin, bool broadcast) : begin_(begin), broadcast_(broadcast) {}

    struct Step {
        double silence = 0;  // seconds of it before the frame
        double overlap = 0;  // seconds by which the frame may repeat what is there: call repeat() or keep()
    };
    /// The next frame, of `seconds`, has this time stamp; nothing: it follows the one before.
    Step next(std::optional<double> stamp, double seconds);
    /// False if the frame with this time stamp does not simply follow.
    bool follows(std::optional<double> stamp) const;

    /// The last step's overlap repeats sound, and is dropped.
    void repeat(double overlap) { position_ -= overlap; }
    /// It is other sound, and stays where it is.
    void keep(double overlap);

    /// Seconds from the file's beginning at which the next sample comes.
    double position() const { return position_; }

  private:
    static constexpr double kLongestStepBack = 10;  // a longer one is no mere fault of the time stamps

    const std::optional<double> begin_;
    const bool broadcast_;
    bool begun_ = false;
    double position_ = 0;
    double shift_ = 0;  // what is added to time stamps
    double first_stamp_ = 0;
    double next_stamp_ = 0;
};

/// The last half minute of sound, coarsely, to see whether something is in it.
class RecentSound {
  public:
    /// Takes interleaved frames.
    void add(std::span<const float> samples, int channels, int sample_rate);
    void add_silence(double seconds);

    /// Whether `samples`, interleaved, repeat what was heard from `seconds_ago` on: the normalised
    /// cross-correlation of the two is above 0.6, or both are silent.
    bool heard(std::span<const float> samples, int channels, int sample_rate, double seconds_ago) const;

  private:
    static constexpr int kRate = 4000;

    /// Means over stretches of 1 / kRate seconds.
    class Thinner {
      public:
        void add(std::span<const float> samples, int channels, int sample_rate, std::vector<float>& out);

      private:
        double sum_ = 0;
        int count_ = 0;
        int64_t phase_ = 0;
    };
    void shorten();

    Thinner thinner_;
    std::vector<float> sound_;
};

}  // namespace npuscribe::audio
