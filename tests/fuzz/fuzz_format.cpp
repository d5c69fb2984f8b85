// Reading any bytes as one format of audio gives frames or throws InputError. The bytes by which the format
// is recognised are put in place, so that no input is spent on another one. Compiled once for all formats.

#include <vector>

#include "audio/file_decoder.h"
#include "base/error.h"
#include "fuzz_format.h"
#include "fuzz_input.h"

namespace {

using namespace npuscribe;
using namespace std::string_view_literals;

struct Mark {
    std::string_view format;
    size_t at;
    std::string_view bytes;
};

constexpr Mark kMarks[] = {
    {"wav", 0, "RIFF"},
    {"wav", 8, "WAVE"},
    {"flac", 0, "fLaC"},
    {"ogg", 0, "OggS"},
    {"mp4", 4, "ftyp"},
    {"mkv", 0, "\x1A\x45\xDF\xA3"},
    {"mp3", 0, "\xFF\xFB"},
    {"aac", 0, "\xFF\xF1"},
    {"wma", 0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C"sv},
};

const std::string_view kFormat = fuzz::format_name();

/// With the library that the program would take.
std::unique_ptr<audio::FileDecoder> open(const audio::InputFile& file) {
#ifdef NPUSCRIBE_HAVE_LIBAV
    if (kFormat != "wav" && kFormat != "flac") return audio::open_with_libav(file, "");
#endif
    return audio::open_with_libsndfile(file);
}

void put_marks(std::string& bytes) {
    for (const Mark& mark : kMarks) {
        if (mark.format != kFormat || mark.at + mark.bytes.size() > bytes.size()) continue;
        if (mark.format == "mp3" && bytes.starts_with("ID3")) continue;  // a tag comes first
        bytes.replace(mark.at, mark.bytes.size(), mark.bytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kMostSamples = size_t{48000} * 600;  // silence compresses without limit
    static const fuzz::MemoryFile memory;
    std::string bytes(reinterpret_cast<const char*>(data), size);
    put_marks(bytes);
    memory.write(bytes);
    try {
        const audio::InputFile file(memory.path());
        const auto decoder = open(file);
        std::vector<float> block;
        size_t samples = 0;
        do {
            decoder->read(block);
            const audio::Format& format = decoder->format();
            fuzz::require(format.sample_rate > 0 && format.channels > 0);
            fuzz::require(block.size() % static_cast<size_t>(format.channels) == 0);
            fuzz::require(decoder->silence_before() >= 0);
            samples += block.size();
        } while (!block.empty() && samples < kMostSamples);
    } catch (const InputError&) {  // the right answer to most inputs
    }
    return 0;
}
