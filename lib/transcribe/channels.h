#pragma once
// Which channels of an input are transcribed, and how separate channels become one transcript again.

#include <array>
#include <atomic>
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

/// A track is transcribed by itself: it is an input, or one of an input's two channels, which follow each
/// other.
size_t tracks_of_input(Channels channels);

/// Opens tracks by number; each input has tracks_of_input of them. `audio_track`: audio::OpenOptions::track.
/// A pipe is read once for both channels. An empty `open` stands for audio::open. `cancel` is that of
/// audio::OpenOptions. Not thread-safe.
std::function<std::unique_ptr<audio::Stream>(size_t track)> track_opener(
    std::vector<std::filesystem::path> inputs, Channels channels, std::string audio_track, OpenAudio open,
    const std::atomic<bool>* cancel = nullptr);

/// Turns events of tracks into events of inputs. Once both channels are finished it reports their segments in
/// order of time, each with its speaker. The language is that of the channel with more speech. The timing is
/// the sum of both, except the audio's length.
class ChannelMerge {
  public:
    static constexpr size_t kChannels = 2;

    /// `events` must outlive it.
    explicit ChannelMerge(const TranscribeEvents& events) : events_(events) {}

    /// The events that the tracks' run is given. They refer to this object.
    TranscribeEvents track_events();

    /// Seconds of audio that were counted once for each channel, beyond the inputs' own.
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
