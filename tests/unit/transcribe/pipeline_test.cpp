// What comes out of the pipeline, whatever goes in and in whatever company.
#include "catch.h"
#include "unit/transcribe/pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

TEST_CASE("Every window's words come out, in order, at their times in the file") {
    Bench bench(spells(), english());
    bench.add("a", {0, 3, 1});
    bench.run();
    const Transcript& transcript = bench.done.at(0);
    REQUIRE(transcript.segments.size() == 6);
    CHECK(transcript.text() == "bbbeeeccc");
    for (size_t i = 0; i < 6; ++i) {
        const Segment& segment = transcript.segments[i];
        CHECK(segment.id == static_cast<int>(i));
        CHECK(segment.start == Approx(0.5 * static_cast<double>(i)));
        CHECK(segment.end == Approx(0.5 * static_cast<double>(i + 1)));
        CHECK(segment.text == bench.segments.at(0)[i].text);
    }
    CHECK(transcript.duration == 3);
    CHECK(transcript.speech_duration == 3);
    CHECK(transcript.language == "en");
    CHECK(bench.progress.at(0).back() == Approx(3.0));
    CHECK(std::is_sorted(bench.progress.at(0).begin(), bench.progress.at(0).end()));
}

TEST_CASE("Transcripts are the same whatever the batch, and whatever shares it") {
    const std::vector<std::vector<int>> files = {{0, 1, 2, 3, 4}, {5},  {6, 7}, {8},
                                                 {9, 10, 11, 12}, {13}, {14}};
    std::vector<std::string> alone;
    for (const auto& levels : files) {
        Bench bench(spells(), english(), 1);
        bench.add("x", levels);
        bench.run();
        alone.push_back(bench.done.at(0).text());
    }
    for (const size_t batch : {1U, 3U, 8U}) {
        Bench bench(slowly(spells()), english(), batch);
        for (size_t i = 0; i < files.size(); ++i) bench.add(std::to_string(i), files[i]);
        bench.run();
        REQUIRE(bench.done.size() == files.size());
        for (size_t i = 0; i < files.size(); ++i) CHECK(bench.done.at(i).text() == alone[i]);
        if (batch > 1) CHECK(bench.model().steps < 15 * 8);  // 15 windows of 8 steps each: files share them
    }
}

TEST_CASE("Inputs are reported in order, each once, even if later ones finish first") {
    // The second goes on talking until the others have finished. The first is alone.
    std::vector<size_t> segment_order;
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            const size_t i = sampled(history).size();
            const bool waits = level == 0 && i > 0 && i < 50 && segment_order.size() < 5;
            if (waits) std::this_thread::sleep_for(std::chrono::milliseconds(20));
            const Token next = i == 0 ? at(0) : waits || i == 1 ? static_cast<Token>(1 + i * 7 % 17) : kEot;
            logits[static_cast<size_t>(next)] = 10;
        },
        english());
    bench.add("a", {1});
    bench.add("long", {0});
    for (const char* name : {"c", "d", "e", "f"}) bench.add(name, {1});
    bench.events.on_segment = [&](size_t input, const Segment&) { segment_order.push_back(input); };
    bench.run();
    CHECK(bench.order == std::vector<size_t>{0, 1, 2, 3, 4, 5});
    CHECK(segment_order == std::vector<size_t>{0, 2, 3, 4, 5, 1});
}

TEST_CASE("A bad input is reported, and stops nothing") {
    Bench bench(spells(), english());
    bench.add("a", {0});
    bench.inputs.emplace_back("missing");
    bench.add("breaks off", {1, 2, 3, 4}, 2 * kSecond);
    bench.add("b", {5});
    bench.run();
    CHECK(bench.order == std::vector<size_t>{0, 1, 2, 3});
    CHECK(bench.errors.size() == 1);
    CHECK(contains(bench.errors.at(1), "missing"));
    // What came before the break is transcribed.
    CHECK(bench.done.size() == 3);
    CHECK(contains(bench.done.at(2).broken_off, "breaks off"));
    CHECK(bench.done.at(2).duration == 2);
    CHECK_FALSE(bench.done.at(2).segments.empty());
    CHECK(bench.done.at(3).text() == "ggg");
    CHECK(bench.done.at(3).broken_off.empty());
}

TEST_CASE("A run without inputs does nothing") {
    Bench bench(spells(), english());
    bench.run();
    CHECK(bench.order.empty());
}

TEST_CASE("An input without speech has an empty transcript") {
    Bench bench(spells());
    bench.add("silent", {});
    bench.run();
    CHECK(bench.done.at(0).segments.empty());
    CHECK(bench.done.at(0).language.empty());
}

TEST_CASE("Sequential windows start where the last one's words ended") {
    TranscribeOptions options = english();
    options.vad = false;
    // Level 0 leaves its second segment unfinished at 0.5 s: the next window starts there.
    Bench bench(
        [](float level, std::span<const Token> history, std::span<float> logits) {
            const Token x = letter(level);
            if (level == 0) {
                next_token(history, {at(0), x, at(50), at(50), 9}, logits);
            } else {
                next_token(history, {at(0), x, at(100)}, logits);
            }
        },
        options);
    bench.add("a", {0, 1, 3, 3});
    bench.run();
    const auto& segments = bench.done.at(0).segments;
    // Windows: 0–1 s (level 0) goes on at 0.5. 0.5–1.5 is loudest at level 0 again: on at 1.0. 1–2, 2–3, 3–4
    // are whole.
    REQUIRE(segments.size() == 5);
    const std::vector<double> starts = {0, 0.5, 1, 2, 3};
    for (size_t i = 0; i < starts.size(); ++i) CHECK(segments[i].start == Approx(starts[i]));
    CHECK(bench.done.at(0).text() == "bbcee");
}

TEST_CASE("Sequential files still share a batch") {
    TranscribeOptions options = english();
    options.vad = false;
    Bench bench(slowly(spells()), options, 4);
    for (const char* name : {"a", "b", "c", "d"}) bench.add(name, {0, 1, 2, 3, 4, 5, 6, 7});
    bench.run();
    for (size_t i = 0; i < 4; ++i) CHECK(bench.done.at(i).text() == "bbbcccdddeeefffggghhhiii");
    CHECK(bench.model().widest_step >= 2);
    CHECK(bench.model().steps < 32 * 8);
}

TEST_CASE("A run can be cancelled between steps, and the pipeline can run again") {
    Bench bench(spells(), english());
    bench.add("a", {0, 1, 2, 3, 4, 5});
    std::atomic<bool> cancel{false};
    bench.events.on_segment = [&](size_t, const Segment&) { cancel = true; };
    CHECK_THROWS_AS(bench.run(&cancel), Cancelled);
    CHECK(bench.done.empty());
    cancel = false;
    bench.events.on_segment = nullptr;
    bench.run(&cancel);
    CHECK(bench.done.at(0).text().size() == 18);
}

TEST_CASE("A failing decoder stops the run with its own error") {
    Bench bench(
        [](float, std::span<const Token>, std::span<float>) { throw DeviceError("the device is lost"); },
        english());
    bench.add("a", {0, 1});
    CHECK(message_of<DeviceError>([&] { bench.run(); }) == "the device is lost");
}

TEST_CASE("An error on the thread that cuts windows, other than an input's, reaches the caller") {
    Bench bench(spells(), english());
    bench.add("a", {0, 1});
    bench.cut_throws = true;
    CHECK(message_of<ModelError>([&] { bench.run(); }) == "the detector is damaged");
}

TEST_CASE("The batch begins with one window if somebody waits for text, and is full once that has it") {
    const bool awaited = GENERATE(true, false);
    Bench bench(slowly(spells()), english(), 8);
    bench.add("a", std::vector<int>(40, 1));
    bench.events.shown_as_they_come = awaited;
    int most = 0;
    std::vector<int> encoded_at_text;
    bench.events.on_segment = [&](size_t, const Segment&) { encoded_at_text.push_back(bench.encoded); };
    bench.events.on_progress = [&](size_t, double, double) {
        most = std::max(most, bench.encoded - static_cast<int>(encoded_at_text.size()) / 2);
    };
    bench.run();
    REQUIRE(encoded_at_text.size() == 80);                // two segments a window
    CHECK(encoded_at_text.front() == (awaited ? 1 : 8));  // what is encoded before the first text
    CHECK(most == 8);
}

TEST_CASE("Each window moves the progress twice: when it is encoded, and when it has its text") {
    Bench bench(spells(), english(), 1);
    bench.add("a", {0, 1, 2});
    bench.run();
    CHECK(bench.progress.at(0) == std::vector<double>{0.5, 1, 1.5, 2, 2.5, 3});
}

TEST_CASE("An input that finds no memory fails alone, wherever that was") {
    for (const bool ahead : {false, true}) {
        for (const bool vad : {true, false}) {
            TranscribeOptions options;  // the language is told by the first window
            options.vad = vad;
            for (const int window : {1, 2, 3, 4, 5, 6}) {
                INFO("ahead " << ahead << ", vad " << vad << ", window " << window);
                Bench bench(spells(), options, 2, ahead);
                bench.add("a", {0, 1});
                bench.add("b", {2, 3});
                bench.add("c", {4, 5});
                bench.no_memory_at = window;
                bench.run();
                CHECK(bench.order == std::vector<size_t>{0, 1, 2});
                CHECK(bench.done.size() == 2);
                REQUIRE(bench.errors.size() == 1);
                CHECK(contains(bench.errors.begin()->second, "out of memory"));
            }
        }
    }
    Bench bench(spells(), english());
    bench.add("a", {0, 1});
    bench.add("b", {2});
    bench.add("c", {3});
    bench.open_lacks_memory = "b";
    bench.run();
    CHECK(contains(bench.errors.at(1), "out of memory"));
    CHECK(bench.done.size() == 2);
}

TEST_CASE("A run that goes on from a part of another has its transcript, and does the rest alone") {
    const auto levels = std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7};
    for (const bool detect : {false, true}) {
        INFO(detect);
        const TranscribeOptions options = detect ? TranscribeOptions() : english();
        const auto script = spells({{5, kGerman}, {6, kGerman}});
        Bench whole(script, options, 2);
        std::vector<FinishedPart> parts;
        whole.add("a", levels);
        whole.events.on_part = [&](size_t, const FinishedPart& part) { parts.push_back(part); };
        whole.run();
        REQUIRE(parts.size() >= 3);
        FinishedPart kept;  // as another run would put them together
        for (const FinishedPart& part : parts) {
            if (kept.windows >= 3) break;
            std::vector<Segment> all = std::move(kept.segments);
            all.insert(all.end(), part.segments.begin(), part.segments.end());
            kept = part;
            kept.segments = std::move(all);
        }
        REQUIRE(kept.windows >= 3);
        Bench rest(script, options, 2);
        rest.add("a", levels);
        rest.events.resume_from = [&](size_t) { return kept; };
        rest.run();
        CHECK(rest.encoded == static_cast<int>(levels.size() - kept.windows));
        CHECK(rest.done.at(0).text() == whole.done.at(0).text());
        CHECK(rest.done.at(0).language == whole.done.at(0).language);
        CHECK(rest.done.at(0).duration == whole.done.at(0).duration);
        REQUIRE(rest.segments.at(0).size() == whole.segments.at(0).size());
        for (size_t i = 0; i < rest.segments.at(0).size(); ++i) {
            CHECK(rest.segments.at(0)[i].start == whole.segments.at(0)[i].start);
            CHECK(rest.done.at(0).segments[i].id == static_cast<int>(i));
        }
    }
    // Windows that depend on those before them are all done again.
    TranscribeOptions conditioned = english();
    conditioned.condition_on_previous_text = true;
    Bench bench(spells(), conditioned, 2);
    bench.add("a", levels);
    bool asked = false;
    bench.events.resume_from = [&](size_t) {
        asked = true;
        return std::optional<FinishedPart>();
    };
    bench.events.on_part = [&](size_t, const FinishedPart&) { asked = true; };
    bench.run();
    CHECK_FALSE(asked);
}

TEST_CASE("Windows are cut only a few ahead of the decoder") {
    Bench bench(spells(), english(), 2);
    bench.add("a", std::vector<int>(60, 1));
    int most = 0;
    bench.events.on_progress = [&](size_t, double seconds, double) {
        most = std::max(most, bench.cut - static_cast<int>(seconds));
    };
    bench.run();
    CHECK(most <=
          2 + 2 + 1 + 2);  // in the batch, in the queue, in the making; and both of the batch ending at once
}

TEST_CASE("The times and counts of files add up to those of the run") {
    Bench bench(spells(), english());
    bench.add("a", {0, 1, 2});
    bench.add("b", {3});
    bench.run();
    const Timing& a = bench.timings.at(0);
    const Timing& b = bench.timings.at(1);
    const Timing& sum = bench.timing();
    CHECK(a.windows == 3);
    CHECK(b.windows == 1);
    CHECK(a.tokens == 3 * 8);  // 7 tokens and the end, in each
    CHECK(a.audio_seconds == 3);
    CHECK(a.audio_decode == 0.25);
    CHECK(a.vad == 0.5);
    CHECK(a.mel > 0);
    CHECK(a.encoder_other > 0);
    CHECK(a.decoder > 0);
    CHECK(a.total > 0);
    CHECK(sum.windows == 4);
    CHECK(sum.tokens == 4 * 8);
    CHECK(sum.audio_seconds == 4);
    CHECK(sum.decoder == Approx(a.decoder + b.decoder));
    CHECK(sum.steps == bench.model().steps);
    CHECK(sum.total >= std::max(a.total, b.total) * 0.99);
    CHECK(bench.encoded == 4);
}

TEST_CASE("A window's stages are in order, and a file's time ends with its last word") {
    Bench bench(slowly(spells()), english(), 2);
    bench.add("a", {0, 1, 2});
    bench.add("b", {3});
    std::map<std::pair<size_t, size_t>, WindowTrace> traces;
    bench.events.on_window = [&](const WindowTrace& trace) { traces[{trace.input, trace.index}] = trace; };
    bench.run();
    REQUIRE(traces.size() == 4);
    for (const auto& [place, trace] : traces) {
        CHECK(trace.audio_begin == Approx(static_cast<double>(place.second)));  // a window is a second
        CHECK(trace.audio_end == Approx(trace.audio_begin + 1));
        CHECK_FALSE(trace.refused);
        CHECK(trace.read.begin >= 0);
        CHECK(trace.read.end >= trace.read.begin);
        CHECK(trace.mel.begin >= trace.read.end);
        CHECK(trace.encoder.begin >= trace.mel.end);
        CHECK(trace.decoder.begin >= trace.encoder.end);
        CHECK(trace.decoder.end > trace.decoder.begin);
        CHECK(trace.decoder.end <= bench.timing().total);
    }
    // The file's clock starts with its first window, after the run's.
    const WindowTrace& last = traces.at({0, 2});
    CHECK(bench.timings.at(0).total >= last.decoder.end - traces.at({0, 0}).encoder.begin);
}

TEST_CASE("What a window leaves over is decoded as a window of its own, in its place") {
    // Windows of four seconds. In the first the decoder stops after two, though somebody else speaks on: made
    // to go on it guesses, which its second attempt does not.
    const auto script = [](float level, std::span<const Token> history, std::span<float> logits) {
        const std::vector<Token> words = level == 0   ? std::vector<Token>{at(0), 1, at(200), kEot}
                                         : level == 5 ? std::vector<Token>{at(0), 6, at(200), kEot}
                                                      : std::vector<Token>{at(0), 8, at(400), kEot};
        const size_t i = sampled(history).size();
        if (i < words.size()) logits[static_cast<size_t>(words[i])] = 10;
        if (i == 12) logits[kEot] = 10;
    };
    for (const bool conditioned : {false, true}) {
        TranscribeOptions options = english();
        options.condition_on_previous_text = conditioned;
        Bench bench(script, options);
        bench.window_seconds = 4;
        bench.add("a", {0, 0, 5, 5, 7, 7, 7, 7});
        bench.run();
        const Transcript& transcript = bench.done.at(0);
        REQUIRE(transcript.segments.size() == 3);
        CHECK(transcript.text() == "bgi");
        CHECK(transcript.segments[0].end == Approx(2));
        CHECK(transcript.segments[1].start == Approx(2));
        CHECK(transcript.segments[1].end == Approx(4));
        CHECK(transcript.segments[2].start == Approx(4));
        CHECK(transcript.segments[2].end == Approx(8));
        CHECK(bench.timings.at(0).windows == 3);
        CHECK(bench.timings.at(0).fallbacks == 1);
    }
}

TEST_CASE("A text goes on from a segment's beginning if voice activity hears speech half a second later") {
    // Three seconds. The decoder would stop where it begins its second segment.
    const auto text = [](Token begins, bool hears_speech) {
        const auto script = [begins](float, std::span<const Token> history, std::span<float> logits) {
            const std::vector<Token> words = {at(0), 1, begins, begins, 2, at(300), kEot};
            const size_t i = sampled(history).size();
            logits[static_cast<size_t>(words.at(i))] = 10;
            if (i == 4) logits[kEot] = 20;
        };
        Bench bench(script, english());
        bench.window_seconds = 3;
        bench.hears_speech = hears_speech;
        bench.add("a", {0, 0, 0});
        bench.run();
        return bench.done.at(0).text();
    };
    CHECK(text(at(248), true) == "bc");
    CHECK(text(at(250), true) == "b");  // Whisper's timestamp may be half a second early
    CHECK(text(at(248), false) == "b");
    CHECK(text(at(148), false) == "bc");  // no pause lasts 1.5 s
}

TEST_CASE("A window cut at pauses is decoded to its end; a sequential one may end before") {
    // The decoder would stop after two seconds of four; made to go on, it has more to say.
    const auto script = [](float, std::span<const Token> history, std::span<float> logits) {
        const std::vector<Token> words = {at(0), 1, at(200), at(220), 2, at(360), kEot};
        const size_t i = sampled(history).size();
        logits[static_cast<size_t>(words.at(i))] = 10;
        if (i == 3) logits[kEot] = 20;
    };
    const bool vad = GENERATE(true, false);
    TranscribeOptions options = english();
    options.vad = vad;
    Bench bench(script, options);
    bench.window_seconds = 4;
    bench.add("a", {0, 1, 2, 3});
    bench.run();
    CHECK(bench.done.at(0).segments.front().end == Approx(2));
    CHECK(bench.done.at(0).text() == (vad ? "bc" : "b"));
    CHECK(bench.timings.at(0).windows == 1);
}
