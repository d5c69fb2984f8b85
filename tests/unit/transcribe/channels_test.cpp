// Clips and channels, as they come out of the pipeline.
#include "transcribe/channels.h"

#include "catch.h"
#include "unit/transcribe/pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

TEST_CASE("Clips are transcribed alone, with the file's times") {
    TranscribeOptions options = english();
    options.clips = {{1, 2}, {4, {}}};
    Bench bench(spells(), options);
    bench.add("a", {0, 1, 2, 3, 4, 5});
    bench.run();
    const Transcript& transcript = bench.done.at(0);
    CHECK(transcript.text() == "cccfffggg");  // seconds 1, 4 and 5
    CHECK(transcript.segments[0].start == Approx(1));
    CHECK(transcript.segments[2].start == Approx(4));
    CHECK(transcript.segments.back().end == Approx(6));
    CHECK(transcript.duration == Approx(3));
    CHECK(bench.timing().audio_seconds == Approx(3));
    CHECK(bench.progress.at(0).back() == Approx(3));
}

TEST_CASE("Segments of separate channels are merged by time, each with its speaker") {
    TranscribeOptions options = english();
    options.channels = Channels::split;
    Bench bench(spells(), options);
    bench.add("call", {0, 1});
    bench.add("call:1", {4, 5});
    bench.inputs = {"call"};
    bench.run();
    const Transcript& transcript = bench.done.at(0);
    std::string seen;
    for (const Segment& segment : transcript.segments) seen += segment.text + segment.speaker + " ";
    CHECK(seen == "b0 f1 bb0 ff1 c0 g1 cc0 gg1 ");
    for (size_t i = 0; i < transcript.segments.size(); ++i) {
        CHECK(transcript.segments[i].id == static_cast<int>(i));
        const size_t pair = i / 2;
        CHECK(transcript.segments[i].start == Approx(0.5 * static_cast<double>(pair)));
        CHECK(bench.segments.at(0)[i].text == transcript.segments[i].text);
    }
    CHECK(transcript.duration == Approx(2));
    CHECK(transcript.speech_duration == Approx(4));
    CHECK(transcript.peak == Approx(0.5));
    // Two channels of two seconds are two seconds of audio.
    CHECK(bench.timings.at(0).audio_seconds == Approx(2));
    CHECK(bench.timing().audio_seconds == Approx(2));
    CHECK(bench.timings.at(0).windows == 4);
    CHECK(bench.progress.at(0).back() == Approx(2));
    CHECK(std::is_sorted(bench.progress.at(0).begin(), bench.progress.at(0).end()));
}

TEST_CASE("With separate channels each input is still reported once, good or bad") {
    TranscribeOptions options = english();
    options.channels = Channels::split;
    for (const bool vad : {true, false}) {
        options.vad = vad;
        Bench bench(slowly(spells()), options);
        for (const char* name : {"a", "a:1", "c", "c:1"}) bench.add(name, {0, 1});
        bench.inputs = {"a", "missing", "c"};
        bench.run();
        CHECK(bench.order == std::vector<size_t>{0, 1, 2});
        CHECK(bench.done.size() == 2);
        CHECK(bench.errors.at(1) == "missing: no such file");
        CHECK(bench.done.at(2).segments.size() == 8);
    }
}

TEST_CASE("The language of split channels is that of the one with more speech") {
    TranscribeOptions options;
    options.channels = Channels::split;
    Bench bench(spells({{2, kGerman}, {7, kJapanese}}), options);
    bench.add("call", {2});
    bench.add("call:1", {7, 7});
    bench.inputs = {"call"};
    bench.run();
    CHECK(bench.done.at(0).language == "ja");
}

TEST_CASE("With one channel, only that channel is opened") {
    TranscribeOptions options = english();
    options.channels = Channels::right;
    Bench bench(spells(), options);
    bench.add("call", {0});
    bench.add("call:1", {4});
    bench.inputs = {"call"};
    bench.run();
    CHECK(bench.done.at(0).text() == "fff");
    CHECK(bench.done.at(0).segments[0].speaker.empty());
}
