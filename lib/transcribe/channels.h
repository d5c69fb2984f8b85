#pragma once
// Which channels of an input are transcribed, and how those that are transcribed apart come together again.

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/stream.h"
#include "transcribe/events.h"
#include "transcribe/options.h"

namespace npuscribe {

/// Opens one channel of an input, or the mean of them.
using OpenAudio = std::function<std::unique_ptr<audio::Stream>(const std::filesystem::path& path,
                                                               const audio::OpenOptions& options)>;

/// A track is what is transcribed by itself: an input, or one of its two channels, that follow each other.
size_t tracks_of_input(Channels channels);

/// Opens tracks by number, of which there are tracks_of_input for each input. A pipe is read once for both
/// channels. An empty `open` stands for audio::open. Not thread-safe.
std::function<std::unique_ptr<audio::Stream>(size_t track)> track_opener(
    std::vector<std::filesystem::path> inputs, Channels channels, OpenAudio open);

/// Takes the events of tracks and tells those of inputs: the segments of both channels by time, each with its
/// speaker, once both are finished. Language: that of the channel with more speech. Timing: the sum, but for
/// the audio's length.
class ChannelMerge {
  public:
    static constexpr size_t kChannels = 2;

    /// `events` must outlive it.
    explicit ChannelMerge(const TranscribeEvents& events) : events_(events) {}

    /// To be given to the tracks' run; they refer to this.
    TranscribeEvents track_events();

    /// Seconds of audio that the tracks told of beyond those of their inputs.
    double counted_twice() const { return counted_twice_; }

  private:
    struct Input {
        std::array<std::vector<Segment>, kChannels> segments;
        std::array<Transcript, kChannels> transcripts;
        std::array<Timing, kChannels> timings;
        std::array<double, kChannels> seconds_done{};
        std::optional<std::string> error;  // of the first channel that failed
    };

    void finish_track(size_t track);

    const TranscribeEvents& events_;
    std::map<size_t, Input> inputs_;
    double counted_twice_ = 0;
};

}  // namespace npuscribe
