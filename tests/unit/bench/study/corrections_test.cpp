// Every expected value here was worked out by hand from the study's numbers.
#include "bench/study/corrections.h"

#include "catch.h"

using namespace npuscribe::bench;
using npuscribe::test::Approx;
using npuscribe::test::contains;

namespace {

CorrectedNumber number(const std::string& name) {
    for (const Correction& correction : corrections()) {
        for (const CorrectedNumber& n : correction.numbers) {
            if (n.name == name) return n;
        }
    }
    FAIL("there is no corrected number " << name);
    return {};
}

void check(const std::string& name, double said, double correct) {
    INFO(name);
    const CorrectedNumber n = number(name);
    CHECK(n.said == Approx(said));
    CHECK(n.correct == Approx(correct).epsilon(2e-4));
}

}  // namespace

TEST_CASE("a layer's parts add up to 60 and 35.5 ms", "[bench]") {
    check("a layer, conservative", 15, 6 + 6 + 12 + 11 + 12 + 6 + 6 + 1);
    check("a layer, optimistic", 12, 35.5);
}

TEST_CASE("512 frames in 13.902 s are 0.74 times realtime", "[bench]") {
    check("Track 1, summary", 0.18, 0.73658);
    check("Track 1, text", 2.16, 0.73658);
    check("Track 2, conservative", 333, 113.78);
}

TEST_CASE("a layer's matmuls are twice what was counted", "[bench]") {
    check("the six matmuls of a layer", 1.610612736, 3.221225472);
}

TEST_CASE("weights and the MLP's activations are moved, too", "[bench]") {
    check("Track 2, a layer, weights resident", 3.54, 5.308416);
    check("Track 2, a layer, weights moved", 3.54, 8.84736);
    check("Track 1, a layer, weights resident", 7.87, 11.79648);
    check("Track 1, a layer, weights moved", 7.87, 14.942208);
}

TEST_CASE("a batch's throughput is six times lower", "[bench]") {
    check("8 windows", 116, 696);
    check("throughput", 69, 11.494);
    check("audio, 30 s windows", 2070, 344.83);
}

TEST_CASE("11 ms at 10 W are 0.11 J", "[bench]") {
    check("NPU, a layer, active", 0.11, 0.11 / 3600);
    check("Track 1, an encoder", 14.5, 14.496 / 3600);  // 6 × (0.11 + 2.306)
    check("Track 2, an encoder", 0.68, 0.684 / 3600);   // 6 × (0.11 + 0.004)
    check("Track 1, audio a charge", 115.0 / 60, 6953.6);
    check("Track 2, audio a charge", 2470.0 / 60, 147368);
}

TEST_CASE("nine bytes hold what 32 bytes of INT32 hold", "[bench]") {
    check("INT32 by BFP16", 1.125, 32.0 / 9);
}

TEST_CASE("294,912 bytes at 8 GB/s take 37 microseconds", "[bench]") {
    check("a 512 x 512 matrix at 8 GB/s", 2, 0.036864);
}

TEST_CASE("eight memory tiles of 512 KB are 4 MB", "[bench]") {
    check("L2 of the array", 512, 4096);
}

TEST_CASE("11 ms for 3.22 GFLOP are 0.59 % of 50 TOPS", "[bench]") {
    check("efficiency", 0.29, 0.58568);
}

TEST_CASE("a cosine of 0.9999 allows a relative error of 1.4 %", "[bench]") {
    check("Track 2, relative error", 0.01, 1.41421);
    check("Track 1, relative error", 1, 14.1421);
    check("Track 1's error by Track 2's", 10, 100);
}

TEST_CASE("without its exponent a block of 1/1024 is a block of 1", "[bench]") {
    check("1 by 1/1024, as converted", 1, 1024);
}

TEST_CASE("large is 33 times base's work, not 5", "[bench]") {
    check("large, 512 frames", 480, 3000);
}

TEST_CASE("attention grows with the square of the frames", "[bench]") {
    check("attention, 3000 frames by 512", 5.8594, 34.332);
}

TEST_CASE("15 ms against 50 is 3.3 times as fast, and 50 TOPS against 10 five times", "[bench]") {
    check("Track 2 by the GPU", 0.3, 3.3333);
    check("XDNA2 by XDNA1", 6, 5);
}

TEST_CASE("the corrections can be read: in full, or a line each", "[bench]") {
    const Result full = corrections_result(false);
    const Result brief = corrections_result(true);
    REQUIRE(full.notes.size() == corrections().size());
    REQUIRE(brief.notes.size() == full.notes.size());
    CHECK(full.tables.size() == 1);
    CHECK(brief.tables.empty());
    for (size_t i = 0; i < full.notes.size(); ++i) {
        CHECK(full.notes[i].starts_with(brief.notes[i]));
        CHECK(full.notes[i].size() > brief.notes[i].size());
    }
    CHECK(contains(full.notes[0], "60"));
}
