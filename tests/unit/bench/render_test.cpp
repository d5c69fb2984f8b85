#include "bench/render.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "catch.h"

using namespace npuscribe::bench;
using npuscribe::test::contains;

namespace {

Result example() {
    Result result;
    result.name = "layer";
    result.setup = {{"device", "cpu"}, {"input", "a \"file\"\xFF.wav"}};
    result.quantities = {{"p50", 14.234, "ms", Origin::measured}, {"power", {}, "W", Origin::measured}};
    result.tables = {
        {"Times", {{"stage", ""}, {"time", "ms"}}, {{{std::string("matmul"), 3.5}, Origin::modelled}}}};
    result.criteria = {{"p50", Relation::below, 15, 14.234, "ms", Origin::measured},
                       {"p95", Relation::below, 20, 21.0, "ms", Origin::measured},
                       {"read", Relation::at_least, 5, {}, "GB/s", Origin::measured}};
    result.notes = {"A note."};
    return result;
}

}  // namespace

TEST_CASE("numbers keep about four digits and never have an exponent", "[bench]") {
    CHECK(number_text(13902.4) == "13902");
    CHECK(number_text(0.11394) == "0.1139");
    CHECK(number_text(15) == "15");
    CHECK(number_text(15.25) == "15.25");
    CHECK(number_text(123.456) == "123.5");
    CHECK(number_text(0) == "0");
    CHECK(number_text(-2.5) == "-2.500");
    CHECK(number_text(3.0556e-5) == "0.00003056");
    CHECK(number_text(1e9) == "1000000000");
    CHECK(number_text(72.000000000001) == "72");
    CHECK(number_text(0.0099999999999) == "0.01000");
}

TEST_CASE("a cosine near 1 shows how far from 1 it is", "[bench]") {
    CHECK(number_text(0.999876) == "0.999876");
    CHECK(number_text(0.99999987654) == "0.999999877");
    CHECK(number_text(0.9999) == "0.9999");
}

TEST_CASE("a limit for an NPU that the CPU misses is not met here, which is no failure of the CPU's",
          "[bench]") {
    Result result;
    result.criteria = {{"layer, p50", Relation::below, 1, 5.0, "ms", Origin::measured, "an XDNA2 NPU"},
                       {"layer, p95", Relation::below, 9, 5.0, "ms", Origin::measured, "an XDNA2 NPU"}};
    const std::string out = text(result);
    CHECK(contains(out, "not met here"));
    CHECK(contains(out, "pass"));
    CHECK_FALSE(contains(out, "FAIL"));
    CHECK(contains(out, "the study's for an XDNA2 NPU"));
    CHECK(contains(out, "--device npu"));
    CHECK_FALSE(result.all_met());
    result.criteria.front().meant_for.clear();
    CHECK(contains(text(result), "FAIL"));
}

TEST_CASE("text shows the origin of every number and the outcome of every criterion", "[bench]") {
    const std::string out = text(example());
    CHECK(contains(out, "14.23"));
    CHECK(contains(out, "measured"));
    CHECK(contains(out, "modelled"));
    CHECK(contains(out, "pass"));
    CHECK(contains(out, "FAIL"));
    CHECK(contains(out, "not measured"));
    CHECK(contains(out, "< 15 ms"));
    CHECK(contains(out, ">= 5 GB/s"));
}

TEST_CASE("JSON is valid whatever the names hold, and a value that was not measured is null", "[bench]") {
    const auto parsed = nlohmann::json::parse(json(example(), "1.2.3"));
    CHECK(parsed.at("schema") == "npuscribe.bench");
    CHECK(parsed.at("schema_version") == kSchemaVersion);
    CHECK(parsed.at("version") == "1.2.3");
    CHECK(parsed.at("quantities")[0].at("value") == 14.234);
    CHECK(parsed.at("quantities")[1].at("value").is_null());
    CHECK(parsed.at("tables")[0].at("rows")[0].at("cells")[1] == 3.5);
    CHECK(parsed.at("tables")[0].at("rows")[0].at("origin") == "modelled");
    CHECK(parsed.at("criteria")[0].at("outcome") == "pass");
    CHECK(parsed.at("criteria")[1].at("outcome") == "fail");
    CHECK(parsed.at("criteria")[2].at("outcome") == "not measured");
    CHECK(parsed.at("criteria")[2].at("got").is_null());
    CHECK(parsed.at("all_met") == false);
}

TEST_CASE("infinities become null in JSON, which has none", "[bench]") {
    Result result;
    result.quantities = {{"x", std::numeric_limits<double>::infinity(), "", Origin::measured}};
    CHECK(nlohmann::json::parse(json(result, "1")).at("quantities")[0].at("value").is_null());
}

TEST_CASE("text is wrapped between words", "[bench]") {
    CHECK(wrapped("one two three", 7, 2) == "one two\n  three");
    CHECK(wrapped("unbreakable", 4, 2) == "unbreakable");
    CHECK(wrapped("", 4, 2).empty());
}
