#include "audio/speech_segments.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "audio/speech_packing.h"
#include "audio/window.h"
#include "catch.h"
#include "data_paths.h"

using namespace npuscribe;
using audio::FileRange;
using audio::kSampleRate;
using audio::SpeechPacker;
using audio::SpeechSegment;
using audio::SpeechSegmenter;
using audio::VadOptions;

namespace {

constexpr int64_t kFrame = 512;
constexpr int64_t kSecond = kSampleRate;

std::vector<SpeechSegment> segments_of(const std::vector<float>& probabilities, const VadOptions& options) {
    SpeechSegmenter segmenter(options, kFrame, audio::kWindowSamples);
    std::vector<SpeechSegment> out;
    for (const float p : probabilities) segmenter.push(p, out);
    segmenter.finish(static_cast<int64_t>(probabilities.size()) * kFrame, out);
    return out;
}

// The random walk of tests/data/make_segments.py.
std::vector<float> golden_track(uint64_t seed) {
    std::vector<float> out(900);
    uint64_t state = seed;
    int64_t value = 0;
    for (size_t i = 0; i < out.size(); ++i) {
        state = (state * 1103515245 + 12345) % (uint64_t{1} << 31);
        const auto step = static_cast<int64_t>(state / 65536 % 128) - 64 + (i % 100 < 50 ? 8 : 0) - 4;
        value = std::clamp<int64_t>(value + step, 0, 256);
        out[i] = i < out.size() - 80 ? static_cast<float>(value) / 256.0F : 0.0F;
    }
    return out;
}

/// Runs of frames with one probability.
std::vector<float> frames(std::initializer_list<std::pair<int, float>> runs) {
    std::vector<float> out;
    for (const auto& [count, p] : runs) out.insert(out.end(), static_cast<size_t>(count), p);
    return out;
}

std::vector<std::vector<FileRange>> packed(const std::vector<SpeechSegment>& segments, int64_t length,
                                           const VadOptions& options = {}) {
    SpeechPacker packer(options, audio::kWindowSamples);
    std::vector<std::vector<FileRange>> out;
    for (const auto& segment : segments) packer.add(segment, out);
    packer.finish(length, out);
    return out;
}

SpeechSegment seconds(double begin, double end) {
    return {static_cast<int64_t>(begin * kSecond), static_cast<int64_t>(end * kSecond)};
}
FileRange range(double begin, double end) {
    return {static_cast<int64_t>(begin * kSecond), static_cast<int64_t>(end * kSecond)};
}

}  // namespace

TEST_CASE("segments are those of faster-whisper's get_speech_timestamps", "[segments]") {
    std::ifstream golden(test::test_data("speech_segments.txt"));
    REQUIRE(golden);
    size_t cases = 0;
    for (std::string line; std::getline(golden, line); ++cases) {
        std::istringstream fields(line);
        uint64_t seed = 0;
        VadOptions options;
        options.speech_pad_ms = 0;
        fields >> seed >> options.min_speech_ms >> options.min_silence_ms;
        std::vector<SpeechSegment> expected;
        for (SpeechSegment s; fields >> s.begin >> s.end;) expected.push_back(s);
        INFO(line);
        CHECK(segments_of(golden_track(seed), options) == expected);
    }
    CHECK(cases == 32);
}

TEST_CASE("speech longer than a window is cut at the longest pause of its last third", "[segments]") {
    // 30 s less twice 400 ms of padding is 912 frames. Pauses of 4 frames (128 ms) end no segment by
    // themselves.
    VadOptions options;
    options.min_silence_ms = 300;
    const auto track = frames({{200, 1.0F},
                               {8, 0.0F},
                               {500, 1.0F},
                               {6, 0.0F},  // at 708: in the last third
                               {100, 1.0F},
                               {4, 0.0F},  // at 814: shorter
                               {300, 1.0F}});
    const auto out = segments_of(track, options);
    REQUIRE(out.size() == 2);
    CHECK(out[0] == SpeechSegment{0, 708 * kFrame});
    CHECK(out[1] == SpeechSegment{714 * kFrame, 1118 * kFrame});
}

TEST_CASE("without a pause in the last third, the last one before it is the cut", "[segments]") {
    VadOptions options;
    options.min_silence_ms = 300;
    const auto out =
        segments_of(frames({{100, 1.0F}, {6, 0.0F}, {100, 1.0F}, {5, 0.0F}, {900, 1.0F}}), options);
    REQUIRE(out.size() == 2);
    CHECK(out[0].end == 206 * kFrame);
    CHECK(out[1].begin == 211 * kFrame);
}

TEST_CASE("without any pause, the cut is where speech is least likely in the last 5 s", "[segments]") {
    auto track = frames({{1500, 1.0F}});
    track[300] = 0.55F;  // weaker, but long before the end
    track[850] = 0.6F;   // 912 - 850 = 62 frames, 2 s before the limit
    const auto out = segments_of(track, {});
    REQUIRE(out.size() == 2);
    CHECK(out[0] == SpeechSegment{0, 850 * kFrame + kFrame / 2});
    CHECK(out[1] == SpeechSegment{850 * kFrame + kFrame / 2, 1500 * kFrame});
}

TEST_CASE("a cut in the frame where quiet begins leaves no empty segment behind it", "[segments]") {
    // 909 + 3 frames are the longest segment; the quiet is too short for a pause, and its first frame is the
    // least likely one.
    for (const int quiet : {4, 5, 6, 40}) {
        INFO(quiet);
        const auto out = segments_of(frames({{909, 0.9F}, {quiet, 0.05F}, {60, 0.9F}, {40, 0.0F}}), {});
        REQUIRE(out.size() >= 2);
        CHECK(out[0] == SpeechSegment{0, 909 * kFrame + kFrame / 2});
        for (size_t i = 0; i < out.size(); ++i) {
            CHECK(out[i].length() > 0);
            if (i > 0) CHECK(out[i].begin >= out[i - 1].end);
        }
        CHECK(out.back().end == (909 + quiet + 60) * kFrame);
    }
    const auto at_end = segments_of(frames({{909, 0.9F}, {5, 0.05F}}), {});
    CHECK(at_end == std::vector<SpeechSegment>{{0, 909 * kFrame + kFrame / 2}});
}

TEST_CASE("no segment is longer than a window without its padding", "[segments]") {
    for (const int pad : {0, 400, 2000}) {
        VadOptions options;
        options.speech_pad_ms = pad;
        for (uint64_t seed = 1; seed < 6; ++seed) {
            auto track = golden_track(seed);
            for (float& p : track) p = 0.5F + p / 2;  // speech throughout
            auto longer = track;
            for (int i = 0; i < 4; ++i) longer.insert(longer.end(), track.begin(), track.end());
            const auto out = segments_of(longer, options);
            CHECK(out.front().begin == 0);
            CHECK(out.back().end == static_cast<int64_t>(longer.size()) * kFrame);
            for (size_t i = 0; i < out.size(); ++i) {
                CHECK(out[i].length() <= 30 * kSecond - 2 * pad * kSecond / 1000);
                if (i > 0) CHECK(out[i].begin == out[i - 1].end);
            }
        }
    }
}

TEST_CASE("short pauses stay, long ones are shortened to 400 ms on either side", "[packing]") {
    const auto out = packed({seconds(1, 3), seconds(3.5, 5), seconds(60, 62)}, 100 * kSecond);
    REQUIRE(out.size() == 1);
    CHECK(out[0] == std::vector<FileRange>{range(0.6, 5.4), range(59.6, 62.4)});
}

TEST_CASE("padding does not leave the file", "[packing]") {
    const auto out = packed({seconds(0.1, 3)}, static_cast<int64_t>(3.2 * kSecond));
    REQUIRE(out.size() == 1);
    CHECK(out[0] == std::vector<FileRange>{range(0, 3.2)});
}

TEST_CASE("a full window ends at the longest pause of its last third", "[packing]") {
    // Pauses after 12 (1 s: too early), 21 (0.6 s), 24.6 (0.3 s) and 28.9 s (0.2 s).
    const auto out =
        packed({seconds(1, 12), seconds(13, 21), seconds(21.6, 24.6), seconds(24.9, 28.9), seconds(29.1, 33)},
               40 * kSecond);
    REQUIRE(out.size() == 2);
    // The pause of 0.6 s is shared between the two windows.
    CHECK(out[0] == std::vector<FileRange>{range(0.6, 21.3)});
    CHECK(out[1] == std::vector<FileRange>{range(21.3, 33.4)});
}

TEST_CASE("without a pause in the last third a window ends with the last segment that fits", "[packing]") {
    const auto out = packed({seconds(1, 5), seconds(5.5, 12), seconds(13, 33)}, 40 * kSecond);
    REQUIRE(out.size() == 2);
    CHECK(out[0] == std::vector<FileRange>{range(0.6, 12.4)});
    CHECK(out[1] == std::vector<FileRange>{range(12.6, 33.4)});
}

TEST_CASE("windows hold all speech once, in order, within 30 s", "[packing]") {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        uint64_t state = seed;
        const auto random = [&](int64_t below) {
            state = (state * 6364136223846793005ULL + 1442695040888963407ULL);
            return static_cast<int64_t>(state >> 33) % below;
        };
        std::vector<SpeechSegment> speech;
        int64_t at = 0;
        for (int i = 0; i < 200; ++i) {
            const int64_t begin = at + random(i % 7 == 0 ? 20 * kSecond : kSecond) + (i % 5 == 0 ? 0 : 2560);
            const int64_t end = begin + 1 + random(i % 3 == 0 ? 467200 : 4 * kSecond);
            speech.push_back({begin, end});
            at = end;
        }
        const auto windows = packed(speech, at + random(kSecond));
        int64_t last = 0;
        size_t next = 0;
        for (const auto& window : windows) {
            int64_t total = 0;
            for (const auto& part : window) {
                CHECK(part.begin >= last);
                CHECK(part.begin < part.end);
                last = part.end;
                total += part.end - part.begin;
                while (next < speech.size() && speech[next].end <= part.end) {
                    CHECK(speech[next].begin >= part.begin);
                    ++next;
                }
            }
            CHECK(total <= 30 * kSecond);
        }
        CHECK(next == speech.size());
    }
}
