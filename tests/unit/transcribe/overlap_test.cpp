// The encoder on a thread of its own, while the decoder works.
#include "pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

std::vector<std::string> texts(Bench& bench) {
    std::vector<std::string> out;
    for (const auto& [input, transcript] : bench.done) {
        out.push_back(transcript.language + ":");
        for (const Segment& segment : transcript.segments)
            out.push_back(std::to_string(segment.start) + segment.text + std::to_string(segment.end));
    }
    return out;
}

std::vector<std::string> run(bool ahead, TranscribeOptions options, size_t batch) {
    Bench bench(spells(), std::move(options), batch, ahead);
    bench.add("a", {0, 1, 2, 3, 4});
    bench.add("b", {5});
    bench.add("broken", {1, 2, 3}, kSecond);
    bench.add("c", {6, 7, 0, 2});
    bench.run();
    CHECK(bench.errors.empty());
    CHECK_FALSE(bench.done.at(2).broken_off.empty());
    CHECK(bench.order == std::vector<size_t>{0, 1, 2, 3});
    return texts(bench);
}

}  // namespace

TEST_CASE("The next window is encoded while this one is decoded") {
    std::atomic<bool> beside{false};
    Bench* running = nullptr;
    const auto script = spells();
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            // The decoder has one place, and it is taken: only an encoder beside it gets to the second
            // window.
            const auto begun = std::chrono::steady_clock::now();
            while (running->encoded < 2 && std::chrono::steady_clock::now() - begun < std::chrono::seconds(1))
                std::this_thread::yield();
            if (running->encoded >= 2) beside = true;
            script(level, history, logits);
        },
        english(), 1, true);
    running = &bench;
    bench.add("a", {0, 1});
    bench.run();
    CHECK(beside);
    CHECK(bench.done.at(0).segments.size() == 4);
}

TEST_CASE("The transcript is the same, encoded ahead or not") {
    for (const size_t batch : {size_t{1}, size_t{3}}) {
        CHECK(run(true, english(), batch) == run(false, english(), batch));
        CHECK(run(true, {}, batch) == run(false, {}, batch));  // languages detected
        TranscribeOptions sequential = english();
        sequential.vad = false;
        CHECK(run(true, sequential, batch) == run(false, sequential, batch));
    }
}

TEST_CASE("A device that fails while the decoder works ends the run") {
    Bench bench(slowly(spells()), english(), 2, true);
    bench.add("a", {0, 1, 2, 3, 4, 5});
    bench.encode_throws_at = 4;
    CHECK(test::message_of<DeviceError>([&] { bench.run(); }) == "the device is gone");
    CHECK(bench.encoded <= 6);
}

TEST_CASE("A cancelled run leaves no encoder behind") {
    std::atomic<bool> cancel{false};
    Bench bench(slowly(spells()), english(), 2, true);
    bench.add("a", {0, 1, 2, 3, 4, 5});
    bench.events.on_segment = [&](size_t, const Segment&) { cancel = true; };
    CHECK_THROWS_AS(bench.run(&cancel), Cancelled);
}
