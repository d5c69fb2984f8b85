#include "audio/stream.h"

#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numbers>
#include <thread>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data_paths.h"
#include "needs.h"
#include "temporary_directory.h"
#include "write_audio.h"

using namespace npuscribe;
using audio::OpenOptions;
using test::Approx;
using test::contains;
using test::message_of;
using test::read_file;
using test::TemporaryDirectory;

namespace {

namespace fs = std::filesystem;

std::vector<float> all_samples(audio::Stream& stream, size_t block_size = 7001) {
    std::vector<float> samples;
    std::vector<float> block(block_size);
    while (const size_t count = stream.read(block)) {
        samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
    }
    return samples;
}

std::vector<float> all_samples(const fs::path& path, const OpenOptions& options = {}) {
    return all_samples(*audio::open(path, options));
}

void write_all(int descriptor, const std::string& bytes) {
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t count = write(descriptor, bytes.data() + done, bytes.size() - done);
        if (count <= 0) return;
        done += static_cast<size_t>(count);
    }
}

constexpr double kTone = 440;

/// Two seconds of 440 Hz at amplitude 0.5, in each channel times its `gain` (1 for all if there are none).
void write_tone(const fs::path& path, int format, int rate, int channels, std::vector<float> gain = {}) {
    gain.resize(static_cast<size_t>(channels), gain.empty() ? 1.0F : 0.0F);
    std::vector<float> samples;
    for (int i = 0; i < 2 * rate; ++i) {
        const double value = 0.5 * std::sin(2 * std::numbers::pi * kTone * i / rate);
        for (const float g : gain) samples.push_back(static_cast<float>(value) * g);
    }
    test::write_audio(path, format, rate, samples, channels);
}

/// Largest difference to the tone. It leaves out the ends, where a resampler and lossy codecs lack
/// neighbours.
double tone_error(const std::vector<float>& samples, double gain = 1) {
    double worst = 0;
    for (size_t i = 1600; i + 1600 < samples.size(); ++i) {
        const double expected =
            gain * 0.5 * std::sin(2 * std::numbers::pi * kTone * static_cast<double>(i) / 16000);
        worst = std::max(worst, std::abs(expected - static_cast<double>(samples[i])));
    }
    return worst;
}

/// Of the samples that both have.
double correlation(const std::vector<float>& a, const std::vector<float>& b) {
    const auto count = static_cast<Eigen::Index>(std::min(a.size(), b.size()));
    const auto x = Eigen::Map<const Eigen::VectorXf>(a.data(), count).cast<double>();
    const auto y = Eigen::Map<const Eigen::VectorXf>(b.data(), count).cast<double>();
    return x.dot(y) / (x.norm() * y.norm());
}

/// The samples before the stream throws, and its message.
struct Broken {
    size_t samples = 0;
    std::string message;
};
Broken read_to_break(const fs::path& path) {
    const auto stream = audio::open(path);
    Broken result;
    std::vector<float> block(5000);
    result.message = message_of<InputError>([&] {
        while (const size_t count = stream->read(block)) result.samples += count;
    });
    return result;
}

/// A wav header with these values in its fields, true or not.
std::string wav_header(uint16_t tag, uint16_t channels, uint32_t rate, uint16_t bits, uint32_t data_size) {
    std::string out = "RIFF";
    const auto put = [&](auto value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    put(uint32_t{data_size + 36});
    out += "WAVEfmt ";
    put(uint32_t{16});
    put(tag);
    put(channels);
    put(rate);
    put(static_cast<uint32_t>(rate * channels * bits / 8));
    put(static_cast<uint16_t>(channels * bits / 8));
    put(bits);
    out += "data";
    put(data_size);
    return out;
}

std::string pcm(size_t count) {
    std::string out(count * 2, '\0');
    for (size_t i = 0; i < count; ++i) {
        const auto value = static_cast<int16_t>(i * 37 % 20000);
        std::copy_n(reinterpret_cast<const char*>(&value), 2, out.begin() + static_cast<ptrdiff_t>(2 * i));
    }
    return out;
}

}  // namespace

TEST_CASE("every sample format and rate becomes 16 kHz mono", "[stream]") {
    const TemporaryDirectory scratch;
    struct Case {
        int format;
        int rate;
        int channels;
        double tolerance;
    };
    const Case cases[] = {
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, 1e-4},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1, 0.01},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 44100, 2, 1e-4},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_32, 48000, 6, 1e-4},
        {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 192000, 8, 1e-4},
        {SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 22050, 3, 1e-4},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 96000, 2, 1e-4},
        {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 11025, 1, 1e-4},
        {SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2, 0.03},
        {SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 2, 0.03},
    };
    for (const auto& c : cases) {
        INFO("format " << std::hex << c.format << std::dec << ", " << c.rate << " Hz, " << c.channels
                       << " channels");
        const auto path = scratch / "tone";
        write_tone(path, c.format, c.rate, c.channels);
        const auto stream = audio::open(path);
        CHECK(contains(stream->description(),
                       std::to_string(c.rate) + " Hz, " + std::to_string(c.channels) + " chan"));
        CHECK(stream->duration().value_or(0) == Approx(2).margin(0.01));
        const auto samples = all_samples(*stream);
        CHECK(static_cast<double>(samples.size()) == Approx(32000).margin(2));
        CHECK(tone_error(samples) < c.tolerance);
    }
}

TEST_CASE("blocks of any size give the same samples", "[stream]") {
    const TemporaryDirectory scratch;
    write_tone(scratch / "tone.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2);
    const auto whole = all_samples(*audio::open(scratch / "tone.wav"), 100000);
    for (const size_t block : {size_t{1}, size_t{160}, size_t{4096}}) {
        CHECK(all_samples(*audio::open(scratch / "tone.wav"), block) == whole);
    }
}

TEST_CASE("channels are averaged, or one is chosen", "[stream]") {
    const TemporaryDirectory scratch;
    const auto path = scratch / "stereo.wav";
    write_tone(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, 2, {1.0F, 0.5F});
    CHECK(tone_error(all_samples(path), 0.75) < 1e-6);
    CHECK(tone_error(all_samples(path, {0}), 1.0) < 1e-6);
    CHECK(tone_error(all_samples(path, {1}), 0.5) < 1e-6);
    CHECK(contains(message_of<InputError>([&] { audio::open(path, {2}); }), "no channel 3: it has 2"));
}

TEST_CASE("a file that is not audio is refused with the reason, in one line", "[stream]") {
    const TemporaryDirectory scratch;
    const auto refusal = [&](const fs::path& path) {
        auto message = message_of<InputError>([&] { audio::open(path); });
        CHECK(message.find('\n') == std::string::npos);
        CHECK(contains(message, path.filename().string()));
        return message;
    };
    CHECK(contains(refusal(scratch / "missing.wav"), "No such file"));
    CHECK(contains(refusal(scratch.path()), "directory"));
    CHECK(contains(refusal("/dev/zero"), "device"));
    scratch.write("empty.wav", "");
    CHECK(contains(refusal(scratch / "empty.wav"), "empty"));
    scratch.write("text.txt", "A text, and a long one.\nOf two lines.\n");
    CHECK(contains(refusal(scratch / "text.txt"), "not readable audio"));
    scratch.write("none.wav", wav_header(1, 1, 16000, 16, 0));
    CHECK(contains(refusal(scratch / "none.wav"), "no audio"));
    scratch.write("fast.wav", wav_header(1, 1, 1092676, 16, 2000) + pcm(1000));
    CHECK(contains(refusal(scratch / "fast.wav"), "1092676 Hz"));
    scratch.write("still.wav", wav_header(1, 1, 0, 16, 2000) + pcm(1000));
    refusal(scratch / "still.wav");
    scratch.write("nobody.wav", wav_header(1, 0, 16000, 16, 2000) + pcm(1000));
    refusal(scratch / "nobody.wav");
    scratch.write("mute.wav", wav_header(1, 65535, 16000, 16, 2000) + pcm(1000));
    refusal(scratch / "mute.wav");
    if (geteuid() != 0) {
        scratch.write("secret.wav", wav_header(1, 1, 16000, 16, 2000) + pcm(1000));
        fs::permissions(scratch / "secret.wav", fs::perms::none);
        CHECK(contains(refusal(scratch / "secret.wav"), "Permission denied"));
    }
}

TEST_CASE("the files that a play list names are not opened", "[stream]") {
    const TemporaryDirectory scratch;
    write_tone(scratch / "tone.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1);
    const std::string target = (scratch / "tone.wav").string();
    scratch.write("list.m3u8",
                  "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + target + "\n#EXT-X-ENDLIST\n");
    scratch.write("list.ffconcat", "ffconcat version 1.0\nfile '" + target + "'\n");
    CHECK_THROWS_AS(audio::open(scratch / "list.m3u8"), InputError);
    CHECK_THROWS_AS(audio::open(scratch / "list.ffconcat"), InputError);
}

TEST_CASE("every malformed shared file is refused", "[stream][needs-audio]") {
    const auto data = test::need_shared_audio();
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(data / "bad")) {
        INFO(entry.path().string());
        CHECK_THROWS_AS(audio::open(entry.path()), InputError);
        ++count;
    }
    CHECK(count >= 4);
}

TEST_CASE("a file whose header was written before its length was known is read to its end", "[stream]") {
    const TemporaryDirectory scratch;
    for (const uint32_t claim : {0xFFFFFFFFU, 0x7FFFF000U, 0x80000000U, 0U}) {
        INFO(claim);
#ifndef NPUSCRIBE_HAVE_LIBAV
        if (claim == 0) continue;  // libsndfile alone believes it
#endif
        scratch.write("pipe.wav", wav_header(1, 1, 16000, 16, claim) + pcm(20000));
        const auto samples = all_samples(scratch / "pipe.wav");
        REQUIRE(samples.size() == 20000);
        CHECK(samples[1000] == Approx(37000 % 20000 / 32768.0));
    }
}

TEST_CASE("a truncated flac gives the samples before the break, then the time of the break", "[stream]") {
    const TemporaryDirectory scratch;
    write_tone(scratch / "whole.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 1);
    const std::string bytes = read_file(scratch / "whole.flac");

    scratch.write("cut.flac", bytes.substr(0, bytes.size() / 2));
    const Broken cut = read_to_break(scratch / "cut.flac");
    CHECK(cut.samples > 12000);
    CHECK(cut.samples < 20000);
    CHECK(contains(cut.message, "cut.flac' breaks off at " + std::to_string(cut.samples / 16000) + "."));
    CHECK(contains(cut.message, "promises 2.00 s"));
}

TEST_CASE("a sample that is not a number is an error that names its time", "[stream]") {
    const TemporaryDirectory scratch;
    const float bad[] = {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity(),
                         3e38F};
    for (const float value : bad) {
        std::vector<float> samples(32000, 0.25F);
        samples[20000] = value;
        std::string bytes = wav_header(3, 1, 16000, 32, 128000);
        bytes.append(reinterpret_cast<const char*>(samples.data()), 128000);
        scratch.write("bad.wav", bytes);
        const Broken broken = read_to_break(scratch / "bad.wav");
        CHECK(broken.samples == 20000);
        CHECK(contains(broken.message, "at 1.25 s"));
    }
}

TEST_CASE("a pipe gives the same samples as the file", "[stream]") {
    const TemporaryDirectory scratch;
    std::vector<fs::path> files;
    write_tone(scratch / "tone.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2);
    write_tone(scratch / "tone.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 2);
    files = {scratch / "tone.wav", scratch / "tone.flac"};
    if (const auto data = test::shared_audio()) files.push_back(*data / "formats" / "jfk.mp3");
    const auto fifo = scratch / "pipe";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    for (const auto& file : files) {
        INFO(file.string());
        std::thread writer([&] {
            const std::string bytes = read_file(file);
            std::ofstream(fifo, std::ios::binary) << bytes;
        });
        const auto through_pipe = all_samples(fifo);
        writer.join();
        auto expected = all_samples(file);
        if (file.extension() == ".mp3") {  // only who can seek knows how much of its end is padding
            REQUIRE(through_pipe.size() >= expected.size());
            CHECK(through_pipe.size() < expected.size() + 1600);
            expected.insert(expected.end(), through_pipe.begin() + static_cast<ptrdiff_t>(expected.size()),
                            through_pipe.end());
        }
        CHECK(through_pipe == expected);
    }
}

TEST_CASE("what came through a pipe can be read while the pipe is open, and its silence is told once") {
    const TemporaryDirectory scratch;
    write_tone(scratch / "tone.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1);
    write_tone(scratch / "tone.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1);
    for (const char* name : {"tone.wav", "tone.flac"}) {
        INFO(name);
        const auto fifo = scratch / (std::string("pipe of ") + name);
        REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
        const int writer = open(fifo.c_str(), O_RDWR);
        REQUIRE(writer >= 0);
        const std::string bytes = read_file(scratch / name);
        std::thread thread([&] { write_all(writer, bytes); });
        const auto stream = audio::open(fifo);
        const auto samples = all_samples(scratch / name);
        std::vector<float> block(16000);
        std::vector<float> read;
        while (read.size() < samples.size() && stream->wait()) {
            const size_t count = stream->read(block);
            read.insert(read.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
        }
        CHECK(read == samples);
        thread.join();
        close(writer);
    }
    const auto fifo = scratch / "pipe";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    const int writer = open(fifo.c_str(), O_RDWR);
    const std::string bytes = read_file(scratch / "tone.wav");
    const size_t half = bytes.size() / 2;
    std::thread first([&] { write_all(writer, bytes.substr(0, half)); });
    const auto stream = audio::open(fifo);
    std::vector<float> block(100000);
    size_t count = 0;
    while (count < 14000 || stream->wait()) count += stream->read(block);
    first.join();
    CHECK(count < 17000);  // half of two seconds, of which less than a tenth is not decoded yet
    std::thread second([&] { write_all(writer, bytes.substr(half)); });
    while (count < 32000) count += stream->read(block);
    second.join();
    CHECK(count == 32000);
    close(writer);
}

TEST_CASE("waiting for a pipe ends with Cancelled, before anybody writes to it and after") {
    const TemporaryDirectory scratch;
    const auto fifo = scratch / "pipe";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    OpenOptions options;
    std::atomic<bool> cancel{false};
    options.cancel = &cancel;
    const auto cancel_soon = [&] {
        return std::thread([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            cancel = true;
        });
    };
    std::thread first = cancel_soon();
    CHECK_THROWS_AS(audio::open(fifo, options), Cancelled);
    first.join();
    cancel = false;
    write_tone(scratch / "tone.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1);
    const int writer = open(fifo.c_str(), O_RDWR);
    const std::string bytes = read_file(scratch / "tone.wav");
    std::thread thread([&] { write_all(writer, bytes.substr(0, bytes.size() / 2)); });
    const auto stream = audio::open(fifo, options);
    thread.join();
    std::thread second = cancel_soon();
    std::vector<float> block(100000);
    CHECK_THROWS_AS(
        [&] {
            while (true) stream->read(block);
        }(),
        Cancelled);
    second.join();
    close(writer);
}

TEST_CASE("the same speech in flac, mp3 and wav comes out the same", "[stream][needs-audio]") {
    const auto data = test::need_shared_audio();
    // 44.1 kHz stereo flac of 24 bits and mp3 against 16 kHz mono wav: the correlation of all 11 s.
    const auto reference = all_samples(data / "formats" / "jfk.wav");
    REQUIRE(reference.size() == 176000);
    for (const char* name : {"jfk.flac", "jfk.mp3"}) {
        INFO(name);
        const auto samples = all_samples(data / "formats" / name);
        REQUIRE(samples.size() == 176000);
        CHECK(correlation(reference, samples) > 0.999);
    }
}

#ifdef NPUSCRIBE_HAVE_LIBAV
TEST_CASE("where channels cancel each other the louder one is read, and the stream says so") {
    const TemporaryDirectory scratch;
    const auto path = scratch / "inverted.wav";
    write_tone(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 2, {1, -0.8F});
    const auto mix = audio::open(path);
    const auto samples = all_samples(*mix);
    CHECK(samples.size() == 2 * 16000);
    CHECK(tone_error(samples) < 1e-3);
    REQUIRE(mix->warnings().size() == 1);
    CHECK(contains(mix->warnings()[0], "its channels cancel each other"));
    CHECK(contains(mix->warnings()[0], "2.00 s come from the left channel alone"));

    const auto right = audio::open(path, {.channel = 1});
    CHECK(tone_error(all_samples(*right), -0.8) < 1e-3);
    CHECK(right->warnings().empty());

    const auto in_phase = scratch / "in_phase.wav";
    write_tone(in_phase, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 2, {1, 0.8F});
    const auto mean = audio::open(in_phase);
    CHECK(tone_error(all_samples(*mean), 0.9) < 1e-3);
    CHECK(mean->warnings().empty());
}

TEST_CASE("m4a, mp4, webm and mkv are read if libav is built in", "[stream][needs-audio][needs-ffmpeg]") {
    const auto data = test::need_shared_audio();
    if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
        test::skip("needs-ffmpeg", "the ffmpeg command, which makes the files, is not installed");
    const TemporaryDirectory scratch;
    const auto reference = all_samples(data / "formats" / "jfk.wav");
    for (const char* name : {"a.m4a", "a.mp4", "a.webm", "a.mkv"}) {
        INFO(name);
        const std::string command = "ffmpeg -v quiet -i '" + (data / "formats" / "jfk.wav").string() + "' '" +
                                    (scratch / name).string() + "' < /dev/null";
        REQUIRE(std::system(command.c_str()) == 0);
        const auto samples = all_samples(scratch / name);
        CHECK(static_cast<double>(samples.size()) == Approx(176000).margin(2000));
        CHECK(correlation(reference, samples) > 0.99);
    }
    // An m4a with its index in front shows that its second half is missing.
    const auto fast = scratch / "fast.m4a";
    const std::string command = "ffmpeg -v quiet -i '" + (scratch / "a.m4a").string() +
                                "' -c copy -movflags faststart '" + fast.string() + "' < /dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
    const std::string bytes = read_file(fast);
    scratch.write("half.m4a", bytes.substr(0, bytes.size() / 2));
    const Broken broken = read_to_break(scratch / "half.m4a");
    CHECK(broken.samples > 60000);
    CHECK(contains(broken.message, "breaks off"));
}
#endif

TEST_CASE("samples in memory are a stream", "[stream]") {
    const std::vector<float> samples(40000, 0.125F);
    const auto stream = audio::open_samples(samples);
    CHECK(stream->duration() == 2.5);
    CHECK(all_samples(*stream, 300) == samples);
}

TEST_CASE("audio files are recognised by their extensions, in capital letters too", "[stream]") {
    for (const char* name : {"a.wav", "b.FLAC", "dir/c.Mp3", "d.opus", "e.ogg", "f.aiff"}) {
        CHECK(audio::is_audio_file_name(name));
    }
    for (const char* name : {"a.txt", "wav", "b.wav.txt", ".wav", ""})
        CHECK_FALSE(audio::is_audio_file_name(name));
}
