#include "transcribe/channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace npuscribe {

namespace {

audio::OpenOptions options_of_track(size_t track, Channels channels, const std::string& audio_track) {
    audio::OpenOptions options;
    options.track = audio_track;
    switch (channels) {
        case Channels::mix:
            break;
        case Channels::left:
            options.channel = 0;
            break;
        case Channels::right:
            options.channel = 1;
            break;
        case Channels::split:
            options.channel = static_cast<int>(track % ChannelMerge::kChannels);
            options.wanted_channels = ChannelMerge::kChannels;
            break;
    }
    return options;
}

/// The segments of both channels in order of time. The speaker is the channel's number, as in whisper.cpp's
/// --diarize.
std::vector<Segment> merged(std::array<std::vector<Segment>, ChannelMerge::kChannels> channels) {
    std::vector<Segment> out;
    for (size_t c = 0; c < channels.size(); ++c) {
        for (Segment& segment : channels[c]) {
            segment.speaker = fmt::to_string(c);
            out.push_back(std::move(segment));
        }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Segment& a, const Segment& b) { return a.start < b.start; });
    for (size_t i = 0; i < out.size(); ++i) out[i].id = static_cast<int>(i);
    return out;
}

}  // namespace

size_t tracks_of_input(Channels channels) {
    return channels == Channels::split ? ChannelMerge::kChannels : 1;
}

std::function<std::unique_ptr<audio::Stream>(size_t track)> track_opener(
    std::vector<std::filesystem::path> inputs, Channels channels, std::string audio_track, OpenAudio open,
    const std::atomic<bool>* cancel) {
    // Recordings are kept for the second channel, because a pipe cannot be read twice.
    auto kept = std::make_shared<std::map<size_t, audio::Recording>>();
    return
        [inputs = std::move(inputs), channels, audio_track = std::move(audio_track), open = std::move(open),
         cancel, kept = std::move(kept)](size_t track) -> std::unique_ptr<audio::Stream> {
            const size_t count = tracks_of_input(channels);
            const size_t input = track / count;
            audio::OpenOptions options = options_of_track(track, channels, audio_track);
            options.cancel = cancel;
            if (open) return open(inputs[input], options);
            if (count == 1) return audio::open(inputs[input], options);
            if (track % count == 0) kept->try_emplace(input, inputs[input], cancel);
            const auto found = kept->find(input);
            if (found == kept->end()) return audio::open(inputs[input], options);  // fails as it did before
            const audio::Recording recording = found->second;
            if (track % count + 1 == count) kept->erase(found);
            return recording.open(options);
        };
}

TranscribeEvents ChannelMerge::track_events() {
    TranscribeEvents out;
    out.shown_as_they_come = false;
    out.on_segment = [this](size_t track, const Segment& segment) {
        inputs_[track / kChannels].segments[track % kChannels].push_back(segment);
    };
    out.on_progress = [this](size_t track, double done, double length) {
        auto& seconds = inputs_[track / kChannels].seconds_done;
        seconds[track % kChannels] = done;
        if (events_.on_progress)
            events_.on_progress(track / kChannels, (seconds[0] + seconds[1]) / kChannels, length);
    };
    if (events_.on_window) {
        out.on_window = [this](WindowTrace trace) {
            trace.channel = trace.input % kChannels;
            trace.input /= kChannels;
            events_.on_window(trace);
        };
    }
    out.on_done = [this](size_t track, const Transcript& transcript, const Timing& timing) {
        Input& input = inputs_[track / kChannels];
        input.transcripts[track % kChannels] = transcript;
        input.timings[track % kChannels] = timing;
        finish_track(track);
    };
    out.on_error = [this](size_t track, const std::string& message) {
        Input& input = inputs_[track / kChannels];
        if (!input.error) input.error = message;
        finish_track(track);
    };
    return out;
}

void ChannelMerge::finish_track(size_t track) {
    if (track % kChannels + 1 < kChannels) return;  // tracks finish in order
    const size_t index = track / kChannels;
    Input input = std::move(inputs_.extract(index).mapped());

    std::vector<Segment> segments = merged(std::move(input.segments));
    if (events_.on_segment) {
        for (const Segment& segment : segments) events_.on_segment(index, segment);
    }
    Timing timing = input.timings[0];
    timing += input.timings[1];
    timing.total = std::max(input.timings[0].total, input.timings[1].total);  // they run side by side
    timing.audio_seconds = std::max(input.timings[0].audio_seconds, input.timings[1].audio_seconds);
    counted_twice_ += std::min(input.timings[0].audio_seconds, input.timings[1].audio_seconds);
    if (input.error) {
        if (events_.on_error) events_.on_error(index, *input.error);
        return;
    }
    const size_t talker = input.transcripts[1].speech_duration > input.transcripts[0].speech_duration ? 1 : 0;
    Transcript transcript = std::move(input.transcripts[talker]);
    transcript.speech_duration += input.transcripts[1 - talker].speech_duration;
    const Transcript& other = input.transcripts[1 - talker];
    transcript.peak = std::max(transcript.peak, other.peak);
    transcript.warnings.insert(transcript.warnings.end(), other.warnings.begin(), other.warnings.end());
    if (transcript.broken_off.empty()) transcript.broken_off = other.broken_off;
    transcript.segments = std::move(segments);
    if (events_.on_done) events_.on_done(index, transcript, timing);
}

}  // namespace npuscribe
