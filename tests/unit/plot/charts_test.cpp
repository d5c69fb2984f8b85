#include "plot/charts.h"

#include <numeric>

#include "catch.h"
#include "plot/timeline.h"

namespace npuscribe::plot {
namespace {

size_t count(const std::string& text, const std::string& what) {
    size_t found = 0;
    for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("bins hold every value once, and are as wide as Freedman and Diaconis propose") {
    // 0, 1, … 999: the quartiles are 500 apart, n^(1/3) is 10: bins of 100, so 999 / 100 of them, rounded up.
    std::vector<double> values(1000);
    std::iota(values.begin(), values.end(), 0);
    const Bins found = bins(values);
    CHECK(found.counts.size() == 10);
    CHECK(found.low == 0);
    CHECK(found.width == test::Approx(99.9));
    CHECK(std::accumulate(found.counts.begin(), found.counts.end(), size_t{0}) == 1000);
    for (const size_t in_bin : found.counts) CHECK(in_bin == test::Approx(100).margin(1));
}

TEST_CASE("an outlier does not put all other values into one bin, and equal values have a bin") {
    std::vector<double> values(100, 1.0);
    values.push_back(1000);
    CHECK(bins(values).counts.size() == 60);
    CHECK(bins({3, 3, 3}).counts == std::vector<size_t>{3});
    CHECK(bins({3}).counts == std::vector<size_t>{1});
}

TEST_CASE("a bar is as high as its value on the axis") {
    // Three values of three bins' width: 1, 2 and 3 fall into the first, middle and last of five bins.
    const std::string svg = histogram("", "ms", {1, 2, 2, 3}, {}).element();
    // Frame: from y 48 to y 380 - 48 = 332; runs from 0 to 2.5 (1.2 times 2, rounded up): 284 / 2.5 a run.
    CHECK(count(svg, "height=\"113.6\" class=\"c0\"") == 2);
    CHECK(count(svg, "height=\"227.2\" class=\"c0\"") == 1);
}

TEST_CASE("a curve's points lie where the axes say") {
    // x from 0 to 8 over pixels 70 … 696, y from 0 to 200 over pixels 332 … 48.
    const std::string svg = curves("", "windows", "ms", {{"a", {{0, 0}, {4, 100}, {8, 200}}}}).element();
    CHECK(test::contains(svg, "<polyline points=\"70,332 383,190 696,48\" class=\"c0\"/>"));
}

TEST_CASE("the roofline bends where intensity times bandwidth equals the peak") {
    // 100 GFLOP/s and 10 GB/s meet at 10 FLOP/byte. Axes: 1 to 20 FLOP/byte, 10 to 200 GFLOP/s.
    const std::string svg = roofline("", {{"f32", 100e9, 10e9}}, {{"a", 0, 10, 50e9}}).element();
    // x: 70 + 686 * log(10) / log(20) = 597.27; y of 100: a list of one line takes 47 pixels of 487.
    // bottom = 487 - 48 - 47 = 392, top 48: 392 - 344 * log(10) / log(20) = 127.59.
    CHECK(test::contains(svg, "<polyline points=\"70,392 597.27,127.59 756,127.59\""));
    CHECK(test::contains(svg, "1  a: 50 GFLOP/s at 10 FLOP/B"));
}

TEST_CASE("a timeline's bars begin and end with their stages") {
    // 0 to 10 s over pixels 190 … 936.
    const std::string svg =
        timeline("", 10, {"mel", "encoder"}, {{"one", {{0, 1, 2}, {1, 2, 7}}, "tip"}}).element();
    CHECK(test::contains(svg, "<rect x=\"264.6\" y=\"67\" width=\"74.6\" height=\"15\" class=\"c0\">"));
    CHECK(test::contains(svg, "<rect x=\"339.2\" y=\"67\" width=\"373\" height=\"15\" class=\"c1\">"));
}

TEST_CASE("no text becomes markup, and bytes that are not UTF-8 are replaced") {
    const std::string evil = "</svg><script>\xFF\x01\"&";
    for (const Canvas& canvas :
         {histogram(evil, evil, {1, 2}, {{evil, 1}}),
          curves(evil, evil, evil, {{evil, {{1, 1}}}, {evil, {}}}),
          roofline(evil, {{evil, 1e9, 1e9}}, {{evil, 0, 1, 1e9}}), bars(evil, evil, {{evil, 1, evil}}),
          timeline(evil, 1, {evil}, {{evil, {{0, 0, 1}}, evil}}), course(evil, 1, evil, {{0, 1}, {1, 2}})}) {
        const std::string svg = document({canvas});
        CHECK_FALSE(test::contains(svg, "<script"));
        CHECK_FALSE(test::contains(svg, "\xFF"));
        CHECK_FALSE(test::contains(svg, "\x01"));
        CHECK(count(svg, "</svg>") == 2);
    }
}

TEST_CASE("a long name keeps its end") {
    CHECK(shortened("recordings/2024/interview.wav", 80) ==
          "…erview.wav");  // 11 characters of 6.96 pixels fit
    CHECK(shortened("a.wav", 80) == "a.wav");
}

}  // namespace npuscribe::plot
