#include "audio/libav_module/libav_tracks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/dict.h>
}

#include "audio/language_tags.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

struct Track {
    AVStream* stream;
    const AVCodec* codec;  // null: FFmpeg's libraries have no decoder for it
    std::string language;  // as the file has it; empty: it does not say
    std::string title;
};

std::string tag(const AVStream& stream, const char* key) {
    const AVDictionaryEntry* entry = av_dict_get(stream.metadata, key, nullptr, 0);
    return entry != nullptr ? entry->value : "";
}

std::vector<Track> audio_tracks(const AVFormatContext& container) {
    std::vector<Track> out;
    for (unsigned i = 0; i < container.nb_streams; ++i) {
        AVStream* stream = container.streams[i];
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_AUDIO) continue;
        std::string language = tag(*stream, "language");
        if (language == "und") language.clear();
        out.push_back(
            {stream, avcodec_find_decoder(stream->codecpar->codec_id), language, tag(*stream, "title")});
    }
    return out;
}

/// "2 (eng, Commentary)".
std::string described(const std::vector<Track>& tracks, size_t index) {
    const Track& track = tracks[index];
    const std::string comma = track.language.empty() || track.title.empty() ? "" : ", ";
    const std::string about = track.language + comma + track.title;
    return about.empty() ? fmt::to_string(index + 1) : fmt::format("{} ({})", index + 1, about);
}

std::string list(const std::vector<Track>& tracks) {
    constexpr size_t kMost = 16;
    std::string out;
    for (size_t i = 0; i < std::min(tracks.size(), kMost); ++i)
        out += (i == 0 ? "" : ", ") + described(tracks, i);
    return out + (tracks.size() > kMost ? ", ..." : "");
}

bool is_number(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

/// The index of the track that is wanted.
size_t find_wanted(const std::vector<Track>& tracks, const std::string& wanted, const std::string& name) {
    if (is_number(wanted)) {
        constexpr size_t kMostDigits = 6;
        const size_t number = wanted.size() > kMostDigits ? 0 : std::stoul(wanted);
        if (number >= 1 && number <= tracks.size()) return number - 1;
    } else {
        const auto found = std::find_if(tracks.begin(), tracks.end(), [&](const Track& track) {
            return is_language(track.language, wanted);
        });
        if (found != tracks.end()) return static_cast<size_t>(found - tracks.begin());
    }
    throw InputError(
        fmt::format("{} has no audio track {}; it has {}: {}", name, wanted, tracks.size(), list(tracks)));
}

}  // namespace

ChosenTrack choose_track(AVFormatContext& container, const std::string& wanted, const std::string& name) {
    const std::vector<Track> tracks = audio_tracks(container);
    const std::string unreadable = fmt::format("{} is not readable audio: ", name);
    if (tracks.empty()) throw InputError(unreadable + "it has no audio track that FFmpeg's libraries decode");
    ChosenTrack chosen;
    if (!wanted.empty()) {
        const size_t index = find_wanted(tracks, wanted, name);
        chosen = {tracks[index].stream, tracks[index].codec, {}};
        if (chosen.codec == nullptr)
            throw InputError(
                fmt::format("{}FFmpeg's libraries cannot decode its audio track {}", unreadable, index + 1));
        return chosen;
    }
    const int best = av_find_best_stream(&container, AVMEDIA_TYPE_AUDIO, -1, -1, &chosen.codec, 0);
    if (best < 0 || chosen.codec == nullptr)
        throw InputError(unreadable + "it has no audio track that FFmpeg's libraries decode");
    chosen.stream = container.streams[best];
    if (tracks.size() > 1) {
        const auto is_chosen = [&](const Track& track) { return track.stream == chosen.stream; };
        const auto index =
            static_cast<size_t>(std::find_if(tracks.begin(), tracks.end(), is_chosen) - tracks.begin());
        chosen.note =
            fmt::format("its audio track {} was transcribed, of {}: {}; --audio-track takes another",
                        described(tracks, index), tracks.size(), list(tracks));
    }
    return chosen;
}

}  // namespace npuscribe::audio
