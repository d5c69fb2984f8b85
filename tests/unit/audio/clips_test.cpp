// Clips of a recording: their samples, their times, and that the audio before them is not decoded if the
// format allows that.
#include "audio/clips.h"

#include <sndfile.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "audio/window.h"
#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"
#include "write_audio.h"

using namespace npuscribe;
using audio::Clip;
using test::Approx;
using test::contains;
using test::message_of;

namespace {

constexpr size_t kSecond = audio::kSampleRate;

/// Tones that change every half second: a wrong position has a wrong sound.
std::vector<float> melody(int rate, int seconds) {
    std::vector<float> samples;
    double phase = 0;
    for (int i = 0; i < rate * seconds; ++i) {
        const int half_seconds = 2 * i / rate;
        phase += 2 * 3.14159265358979 * (200 + 37 * half_seconds) / rate;
        samples.push_back(static_cast<float>(0.5 * std::sin(phase)));
    }
    return samples;
}

std::vector<float> rest_of(audio::Stream& stream) {
    std::vector<float> out;
    std::vector<float> block(5000);
    while (const size_t count = stream.read(block))
        out.insert(out.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
    return out;
}

std::unique_ptr<audio::Windows> sequential(audio::Stream& stream) {
    return audio::sequential_windows(stream);
}

/// 0, 1, 2 …: the value of a sample is its position.
std::vector<float> counted(size_t count) {
    std::vector<float> samples(count);
    std::iota(samples.begin(), samples.end(), 0.0F);
    return samples;
}

std::vector<audio::Window> all_windows(audio::Windows& windows) {
    std::vector<audio::Window> out;
    while (auto window = windows.next()) out.push_back(std::move(*window));
    return out;
}

}  // namespace

TEST_CASE("after a skip come the samples that reading alone would have given") {
    const test::TemporaryDirectory directory;
    const struct {
        const char* name;
        int format;
    } kFormats[] = {{"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
                    {"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
                    {"aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_24},
                    {"ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS}};
    for (const auto& [name, format] : kFormats) {
        for (const int rate : {16000, 44100, 8000}) {
            const auto path = directory / (std::to_string(rate) + "." + name);
            test::write_audio(path, format, rate, melody(rate, 12));
            const std::vector<float> whole = rest_of(*audio::open(path));
            for (const size_t skipped : {size_t{100}, 5 * kSecond + 77, 11 * kSecond}) {
                INFO(path.filename() << ", " << skipped);
                const auto stream = audio::open(path);
                std::vector<float> first(1234);
                REQUIRE(stream->read(first) == first.size());
                REQUIRE(stream->skip(static_cast<int64_t>(skipped)) == static_cast<int64_t>(skipped));
                const std::vector<float> rest = rest_of(*stream);
                REQUIRE(rest.size() == whole.size() - first.size() - skipped);
                float worst = 0;
                for (size_t i = 0; i < rest.size(); ++i)
                    worst = std::max(worst, std::abs(rest[i] - whole[first.size() + skipped + i]));
                CHECK(worst < 1e-4F);
            }
            const auto stream = audio::open(path);
            CHECK(stream->skip(1000 * static_cast<int64_t>(kSecond)) == static_cast<int64_t>(whole.size()));
            CHECK(rest_of(*stream).empty());
        }
    }
}

TEST_CASE("skipped audio is not decoded") {
    const test::TemporaryDirectory directory;
    std::vector<float> samples = melody(16000, 20);
    samples[5 * kSecond] = std::numeric_limits<float>::quiet_NaN();
    test::write_audio(directory / "a.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, samples);
    CHECK(contains(message_of<InputError>([&] { rest_of(*audio::open(directory / "a.wav")); }), "5.00 s"));
    const auto stream = audio::open(directory / "a.wav");
    stream->skip(10 * kSecond);
    CHECK(rest_of(*stream).size() == 10 * kSecond);
}

TEST_CASE("a recording can be opened twice, and each stream has its own position") {
    const test::TemporaryDirectory directory;
    for (const int format : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16}) {
        test::write_audio(directory / "a", format, 16000, melody(16000, 5));
        const audio::Recording recording(directory / "a");
        const auto one = recording.open();
        std::vector<float> begin(kSecond);
        REQUIRE(one->read(begin) == begin.size());
        const auto two = recording.open();
        const std::vector<float> whole = rest_of(*two);
        CHECK(whole.size() == 5 * kSecond);
        begin.resize(5 * kSecond);
        CHECK(rest_of(*one) == std::vector<float>(whole.begin() + kSecond, whole.end()));
    }
}

TEST_CASE("windows of clips hold the clips' samples alone, at the times of the file") {
    const std::vector<float> samples = counted(100 * kSecond);
    const auto stream = audio::open_samples(samples);
    const auto windows = audio::clip_windows(*stream, {{2, 3.5}, {10, 50}, {99, {}}}, sequential);
    const auto found = all_windows(*windows);
    REQUIRE(found.size() == 4);  // 40 s are two windows
    const double kStarts[] = {2, 10, 40, 99};
    const double kLengths[] = {1.5, 30, 10, 1};
    for (size_t i = 0; i < 4; ++i) {
        CHECK(found[i].samples.front() == Approx(kStarts[i] * kSecond));
        CHECK(found[i].seconds() == Approx(kLengths[i]));
        CHECK(found[i].file_seconds(0, 0) == Approx(kStarts[i]));
        CHECK(found[i].file_seconds(0, kLengths[i]) == Approx(kStarts[i] + kLengths[i]));
    }
    CHECK(windows->samples_read() == static_cast<int64_t>(42.5 * kSecond));
    CHECK(windows->speech_samples() == windows->samples_read());
}

TEST_CASE("a sequential clip resumes at a time of the file") {
    const std::vector<float> samples = counted(100 * kSecond);
    const auto stream = audio::open_samples(samples);
    const auto windows = audio::clip_windows(*stream, {{10, 60}, {70, 75}}, sequential);
    windows->next();
    windows->resume_at(25 * kSecond);
    const auto second = windows->next();
    CHECK(second->file_seconds(0, 0) == Approx(25));
    CHECK(second->seconds() == Approx(30));
    windows->resume_at(60 * kSecond);
    const auto third = windows->next();
    CHECK(third->file_seconds(0, 0) == Approx(70));
    CHECK(third->seconds() == Approx(5));
    windows->resume_at(75 * kSecond);
    CHECK_FALSE(windows->next());
}

TEST_CASE("clips beyond the end of the file are left out; a file that ends before all of them is an error") {
    const std::vector<float> samples = counted(8 * kSecond);
    const auto stream = audio::open_samples(samples);
    const auto windows = audio::clip_windows(*stream, {{5, 9}, {20, 30}}, sequential);
    const auto found = all_windows(*windows);
    REQUIRE(found.size() == 1);
    CHECK(found[0].seconds() == Approx(3));
    const auto again = audio::open_samples(samples);
    const auto none = audio::clip_windows(*again, {{60, {}}}, sequential);
    const std::string message = message_of<InputError>([&] { none->next(); });
    CHECK(contains(message, "60.00 s"));
    CHECK(contains(message, "ends at 8.00 s"));
}

TEST_CASE("clips out of order or without length are refused") {
    CHECK_NOTHROW(audio::check_clips({{0, 1}, {1, 2}, {5, {}}}));
    CHECK(contains(message_of<UsageError>([] { audio::check_clips({{3, 3}}); }), "3.00 s to 3.00 s"));
    CHECK(contains(message_of<UsageError>([] { audio::check_clips({{0, 2}, {1, 3}}); }), "in order"));
    CHECK_THROWS_AS(audio::check_clips({{0, {}}, {1, 3}}), UsageError);
}

TEST_CASE("progress counts only seconds inside clips") {
    const std::vector<Clip> clips = {{10, 20}, {30, {}}};
    CHECK(audio::seconds_of_clips(clips, 5) == Approx(0));
    CHECK(audio::seconds_of_clips(clips, 15) == Approx(5));
    CHECK(audio::seconds_of_clips(clips, 25) == Approx(10));
    CHECK(audio::seconds_of_clips(clips, 40) == Approx(20));
    CHECK(audio::seconds_of_clips({}, 40) == Approx(40));
    CHECK(audio::file_seconds_of_clips(clips, 5) == Approx(15));
    CHECK(audio::file_seconds_of_clips(clips, 20) == Approx(40));
    CHECK(audio::file_seconds_of_clips({}, 40) == Approx(40));
}
