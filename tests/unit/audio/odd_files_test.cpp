// Files as recorders, messengers and broken downloads leave them.

#include <sndfile.h>

#include <cmath>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include "audio/file_end.h"
#include "audio/language_tags.h"
#include "audio/ogg_pages.h"
#include "audio/stream.h"
#include "base/error.h"
#include "catch.h"
#include "data_paths.h"
#include "temporary_directory.h"
#include "write_audio.h"

using namespace npuscribe;
using audio::end_of;
using audio::InputFile;
using audio::OggLink;
using test::Approx;
using test::contains;
using test::read_file;
using test::TemporaryDirectory;

namespace {

namespace fs = std::filesystem;

/// A tone of this pitch.
void write_tone(const fs::path& path, int format, int rate, double seconds, double pitch = 440) {
    std::vector<float> samples;
    for (int i = 0; i < static_cast<int>(seconds * rate); ++i)
        samples.push_back(static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * pitch * i / rate)));
    test::write_audio(path, format, rate, samples);
}

struct Heard {
    double seconds = 0;
    std::string error;  // at the end; empty: none
    std::vector<float> samples;
};
Heard listen(const fs::path& path, const audio::OpenOptions& options = {}) {
    const auto stream = audio::open(path, options);
    Heard out;
    std::vector<float> block(4000);
    try {
        while (const size_t count = stream->read(block))
            out.samples.insert(out.samples.end(), block.begin(),
                               block.begin() + static_cast<ptrdiff_t>(count));
    } catch (const InputError& error) {
        out.error = error.what();
    }
    out.seconds = static_cast<double>(out.samples.size()) / audio::kSampleRate;
    return out;
}

/// How strong a pitch is in samples [from, to) seconds: 0.25 for a tone of amplitude 0.5.
double strength(const Heard& heard, double pitch, double from, double to) {
    double a = 0;
    double b = 0;
    const auto begin = static_cast<size_t>(from * audio::kSampleRate);
    const auto end = static_cast<size_t>(to * audio::kSampleRate);
    REQUIRE(end <= heard.samples.size());
    for (size_t i = begin; i < end; ++i) {
        const double phase = 2 * std::numbers::pi * pitch * static_cast<double>(i) / audio::kSampleRate;
        a += static_cast<double>(heard.samples[i]) * std::sin(phase);
        b += static_cast<double>(heard.samples[i]) * std::cos(phase);
    }
    return std::hypot(a, b) / static_cast<double>(end - begin);
}

std::string big(uint64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
    return out;
}

}  // namespace

TEST_CASE("a file cut in half gives its first half, and says where it breaks off", "[odd]") {
    const TemporaryDirectory scratch;
    const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16,  SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM,
                           SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_24,
                           SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_FLOAT,
                           SF_FORMAT_CAF | SF_FORMAT_PCM_16,  SF_FORMAT_FLAC | SF_FORMAT_PCM_16};
    for (const int format : formats) {
        INFO("format " << std::hex << format);
        write_tone(scratch / "whole", format, 16000, 8);
        const Heard whole = listen(scratch / "whole");
        CHECK(whole.seconds == Approx(8).margin(0.05));
        CHECK(whole.error.empty());

        const std::string bytes = read_file(scratch / "whole");
        scratch.write("half", bytes.substr(0, bytes.size() / 2));
        const Heard half = listen(scratch / "half");
        CHECK(half.seconds == Approx(4).margin(0.2));
        CHECK(contains(half.error, "half' breaks off at"));
        CHECK(contains(half.error, "promises"));
    }
}

TEST_CASE("a file that ends less than a second early is whole", "[odd]") {
    const TemporaryDirectory scratch;
    for (const int format : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
                             SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_PCM_16}) {
        INFO("format " << std::hex << format);
        write_tone(scratch / "whole", format, 16000, 8);
        const std::string bytes = read_file(scratch / "whole");
        scratch.write("early", bytes.substr(0, bytes.size() - 2 * 12000));
        const Heard early = listen(scratch / "early");
        CHECK(early.seconds == Approx(7.25).margin(0.01));
        CHECK(early.error.empty());
        scratch.write("cut", bytes.substr(0, bytes.size() - 2 * 20000));
        CHECK(contains(listen(scratch / "cut").error, "breaks off"));
    }
}

TEST_CASE("the parts of a chained Ogg file are read one after the other", "[odd]") {
    const TemporaryDirectory scratch;
    struct Case {
        int format;
        int rate;
    };
    const Case cases[] = {{SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100}, {SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000}};
    for (const Case& c : cases) {
        INFO("format " << std::hex << c.format);
        write_tone(scratch / "a", c.format, c.rate, 2, 440);
        write_tone(scratch / "b", c.format, c.rate, 3, 1000);
        const std::string a = read_file(scratch / "a");
        const std::string b = read_file(scratch / "b");
        scratch.write("ab.ogg", a + b);
        const auto pages = audio::read_ogg_pages(InputFile(scratch / "ab.ogg"));
        const auto size = [](const std::string& text) { return static_cast<int64_t>(text.size()); };
        CHECK(pages.links == std::vector<OggLink>{{0, size(a)}, {size(a), size(a + b)}});
        CHECK(pages.missing == 0);

        const Heard heard = listen(scratch / "ab.ogg");
        CHECK(heard.error.empty());
        CHECK(heard.seconds == Approx(5).margin(0.1));
        CHECK(strength(heard, 440, 0.5, 1.5) > 0.2);
        CHECK(strength(heard, 1000, 0.5, 1.5) < 0.02);
        CHECK(strength(heard, 1000, 2.5, 4.5) > 0.2);
        CHECK(audio::open(scratch / "ab.ogg")->skip(4 * audio::kSampleRate) == 4 * audio::kSampleRate);
    }
}

TEST_CASE("parts of different rates and a damaged part are no obstacle to the others", "[odd]") {
    const TemporaryDirectory scratch;
    write_tone(scratch / "a", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 22050, 2, 440);
    write_tone(scratch / "b", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2, 700);
    write_tone(scratch / "c", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 2, 1000);
    std::string b = read_file(scratch / "b");
    scratch.write("abc.ogg", read_file(scratch / "a") + b + read_file(scratch / "c"));
    const Heard whole = listen(scratch / "abc.ogg");
    CHECK(whole.error.empty());
    CHECK(whole.seconds == Approx(6).margin(0.1));
    CHECK(strength(whole, 700, 2.5, 3.5) > 0.2);
    CHECK(strength(whole, 1000, 4.5, 5.5) > 0.2);

    for (size_t i = 60; i < b.size(); ++i) b[i] = static_cast<char>(b[i] ^ 0x55);  // all after its first page
    scratch.write("axc.ogg", read_file(scratch / "a") + b + read_file(scratch / "c"));
    const Heard rest = listen(scratch / "axc.ogg");
    CHECK(contains(rest.error, "axc.ogg'"));
    CHECK(contains(rest.error, "part 2 of 3"));
    CHECK(rest.seconds == Approx(4).margin(0.1));
}

TEST_CASE("an Ogg file without the flag of its last page is whole; one cut inside a page is not", "[odd]") {
    const TemporaryDirectory scratch;
    write_tone(scratch / "whole.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 20, 440);
    const std::string bytes = read_file(scratch / "whole.ogg");
    std::vector<size_t> pages;
    for (size_t at = bytes.find("OggS"); at != bytes.npos; at = bytes.find("OggS", at + 1))
        pages.push_back(at);
    REQUIRE(pages.size() > 4);

    scratch.write("no-end.ogg", bytes.substr(0, pages.back()));
    const Heard no_end = listen(scratch / "no-end.ogg");
    CHECK(no_end.error.empty());
    CHECK(no_end.seconds > 8);

    scratch.write("cut.ogg", bytes.substr(0, pages[pages.size() - 2] + 100));
    CHECK(contains(listen(scratch / "cut.ogg").error, "breaks off at"));
}

TEST_CASE("damage inside a flac costs what is damaged, and no more", "[odd]") {
    const TemporaryDirectory scratch;
    write_tone(scratch / "whole.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 20);
    std::string bytes = read_file(scratch / "whole.flac");
    for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 3000; ++i) bytes[i] = static_cast<char>(i * 131);
    scratch.write("damaged.flac", bytes);
    const Heard heard = listen(scratch / "damaged.flac");
    CHECK(contains(heard.error, "damaged.flac' is damaged at"));
#ifdef NPUSCRIBE_HAVE_LIBAV
    CHECK(heard.seconds == Approx(20).margin(1));
    CHECK(strength(heard, 440, 1, 5) > 0.2);
    CHECK(strength(heard, 440, 15, 19) > 0.2);
#endif
}

TEST_CASE("what a file's structure promises beyond its end is known for each container", "[odd]") {
    const TemporaryDirectory scratch;
    const auto missing = [&](const std::string& bytes) {
        scratch.write("file", bytes);
        return end_of(InputFile(scratch / "file")).missing;
    };
    const std::string ten(10, 'x');
    // MP4 (ISO 14496-12): boxes of a size and a name.
    const std::string ftyp = big(16, 4) + "ftypisom" + big(0, 4);
    CHECK(missing(ftyp + big(18, 4) + "mdat" + ten) == 0);
    CHECK(missing(ftyp + big(118, 4) + "mdat" + ten) == 100);
    CHECK(missing(ftyp + big(1, 4) + "mdat" + big(126, 8) + ten) == 100);
    CHECK(missing(ftyp + big(0, 4) + "mdat" + ten) == 0);    // to the end of the file
    CHECK(missing(ftyp + big(118, 4) + "free" + ten) == 0);  // no sound
    scratch.write("fragments", ftyp + big(8, 4) + "moof" + big(118, 4) + "mdat" + ten);
    CHECK(end_of(InputFile(scratch / "fragments")).more_followed);
    // Matroska (RFC 9559): a header and a segment, whose size may be unknown.
    const std::string ebml = "\x1A\x45\xDF\xA3\x84" + std::string(4, 'h') + "\x18\x53\x80\x67";
    CHECK(missing(ebml + "\x8A" + ten) == 0);
    CHECK(missing(ebml + "\x40\x6E" + ten) == 100);
    CHECK(missing(ebml + "\x01" + big(110, 7) + ten) == 100);
    CHECK(missing(ebml + "\x01" + std::string(7, '\xFF') + ten) == 0);
    // AVI: one size for all.
    const auto little = [](uint32_t value) {
        std::string out = big(value, 4);
        return std::string(out.rbegin(), out.rend());
    };
    CHECK(missing("RIFF" + little(14) + "AVI " + ten) == 0);
    CHECK(missing("RIFF" + little(114) + "AVI " + ten) == 100);
    // A WAV has its sound in one chunk, and others around it.
    const std::string wave = "RIFF" + little(0) + "WAVEfmt " + little(4) + "....";
    CHECK(missing(wave + "LIST" + little(3) + "abc." + "data" + little(110) + ten) == 100);
    CHECK(missing(wave + "data" + little(10) + ten + "LIST" + little(500)) == 0);
    for (const char* text : {"", "x", "RIFF", "OggS", "caff", "FORM", ".snd", "riff", "\x1A\x45\xDF\xA3"})
        CHECK_NOTHROW(missing(std::string(text) + "\n"));
}

TEST_CASE("tracks' languages are known by all codes of ISO 639", "[odd]") {
    using audio::is_language;
    for (const char* tag : {"de", "deu", "ger", "GER", "de-AT", "de_DE"}) CHECK(is_language(tag, "de"));
    for (const char* wanted : {"fr", "fre", "fra"}) CHECK(is_language("fra", wanted));
    CHECK(is_language("jav", "jw"));
    CHECK(is_language("qaa", "qaa"));  // kept for local use
    CHECK_FALSE(is_language("eng", "de"));
    CHECK_FALSE(is_language("", "de"));
    CHECK_FALSE(is_language("und", ""));
    CHECK_FALSE(is_language("d", "de"));
}
