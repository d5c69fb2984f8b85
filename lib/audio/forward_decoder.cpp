#include "audio/forward_decoder.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace npuscribe::audio {
namespace {

using Head = std::array<char, 12>;

bool begins(const Head& head, std::string_view with, size_t at = 0) {
    return std::string_view(head.data() + at, head.size() - at).starts_with(with);
}

/// WAV, AIFF, AU and FLAC.
bool suits_libsndfile(const Head& head) {
    if (begins(head, "WAVE", 8)) return begins(head, "RIFF") || begins(head, "RIFX") || begins(head, "RF64");
    if (begins(head, "FORM")) return begins(head, "AIFF", 8) || begins(head, "AIFC", 8);
    return begins(head, ".snd") || begins(head, "fLaC");
}

/// Ogg, Matroska and WebM, MP3 and AAC: they are made to be streamed.
bool suits_libav(const Head& head) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(head[i]); };
    const bool is_mpeg = byte(0) == 0xFF && (byte(1) & 0xE0) == 0xE0;
    return begins(head, "OggS") || begins(head, "\x1A\x45\xDF\xA3") || begins(head, "ID3") || is_mpeg;
}

/// The first bytes; those that a shorter file lacks are 0.
Head head_of(const InputFile& file) {
    Head head{};
    for (size_t done = 0; done < head.size();) {
        const int64_t more = file.read_at(head.data() + done, static_cast<int64_t>(head.size() - done),
                                          static_cast<int64_t>(done));
        if (more <= 0) break;
        done += static_cast<size_t>(more);
    }
    return head;
}

}  // namespace

std::unique_ptr<FileDecoder> open_forward(const InputFile& file, const std::string& track) {
    const Head head = head_of(file);
    try {
        const bool is_main = track.empty() || track == "1";
        if (suits_libsndfile(head)) return is_main ? open_with_libsndfile(file) : nullptr;
#ifdef NPUSCRIBE_HAVE_LIBAV
        if (suits_libav(head)) return open_with_libav(file, track);
#endif
    } catch (const InputError&) {
        // Whoever asked tries again once all of the file is there, and reports what is wrong with it.
    }
    return nullptr;
}

}  // namespace npuscribe::audio
