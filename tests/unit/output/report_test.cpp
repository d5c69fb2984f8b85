#include "output/report.h"

#include <nlohmann/json.hpp>

#include "catch.h"

namespace npuscribe::output {
namespace {

RunReport report() {
    RunReport out;
    out.version = "1.2.3";
    out.setup.device = "cpu";
    out.setup.device_description = "Some CPU";
    out.setup.numerics = "bfp16 as native bf16";
    out.setup.model = "base";
    out.setup.precision = "bfp16";
    out.setup.task = "transcribe";
    out.setup.beam_size = 5;
    out.setup.batch_size = 8;
    out.setup.threads = 2;
    Timing& t = out.totals;
    t.load = 2;
    t.audio_decode = 0.25;
    t.encoder_quantise = 0.5;
    t.encoder_matmul = 1;
    t.encoder_attention = 0.25;
    t.encoder_other = 0.25;
    t.decoder = 4;
    t.total = 10;
    t.windows = 1;
    t.steps = 100;
    t.rows = 450;
    t.tokens = 600;
    t.audio_seconds = 80;
    FileReport good;
    good.path = "a.flac";
    good.status = FileReport::Status::done;
    good.language = "en";
    good.timing = t;
    good.outputs = {"out/a.txt"};
    FileReport bad;
    bad.path = "b\xFF.wav";
    bad.status = FileReport::Status::failed;
    bad.error = "not audio";
    out.files = {good, bad};
    out.options = {{"model", "base"}, {"beam-size", "5"}};
    return out;
}

}  // namespace

TEST_CASE("the report for people names device and model, and the speed") {
    const std::string text = report_text(report());
    const auto has = [&](const char* part) { return test::contains(text, part); };
    CHECK(has("cpu (Some CPU), model base, bfp16 (bfp16 as native bf16), beam 5, batch 8, 2 threads"));
    CHECK(has("matmul"));
    CHECK(has("100 steps, 600 tokens, 150 tokens/s"));  // 600 tokens in 4 s
    CHECK(has("1:20 of audio, 8.00 x realtime"));       // 80 s in 10 s
    CHECK(has("(10.00 without load)"));                 // 80 s in 8 s
    CHECK(has("1 window\n"));
    CHECK_FALSE(has("modelled"));
    CHECK_FALSE(has("fallback"));
}

TEST_CASE("the report's rows are aligned, and its encoder row is the sum of its parts") {
    const std::string text = report_text(report());
    CHECK(test::contains(text, "  encoder                  2.000 s   20 %\n"));
    CHECK(test::contains(text, "    matmul                 1.000 s   10 %\n"));
    CHECK(test::contains(text, "  rest                     1.750 s   18 %\n"));  // 10 − 2 − 0.25 − 2 − 4
}

TEST_CASE("an emulated array's time is called modelled, and is given apart from the time spent") {
    RunReport r = report();
    r.setup.modelled_times = true;
    r.totals.modelled_array = 0.125;
    const std::string text = report_text(r);
    CHECK(test::contains(text, "matmul                 1.000 s   10 %  the emulation's own time"));
    CHECK(test::contains(text, "would take 0.125 s (modelled"));
    CHECK(nlohmann::json::parse(report_json(r))["setup"]["modelled_times"] == true);
}

TEST_CASE("the report says how much was encoded, and how often a shortened window was encoded again") {
    RunReport r = report();
    r.totals.encoder_frames = 2012;
    CHECK(test::contains(report_text(r), "2012 frames\n"));
    r.totals.context_guard = 1;
    CHECK(test::contains(report_text(r), "2012 frames, 1 window again in full\n"));
    const auto json = nlohmann::json::parse(report_json(r));
    CHECK(json["totals"]["encoder_frames"] == 2012);
    CHECK(json["totals"]["context_guard"] == 1);
    CHECK(json["files"][0]["context_guard"] == 0);
}

TEST_CASE("the report says how often speech without words was decoded again, and how often it had some") {
    RunReport r = report();
    CHECK_FALSE(test::contains(report_text(r), "decoded again"));
    r.totals.coverage_guard = 2;
    r.totals.coverage_filled = 1;
    CHECK(test::contains(report_text(r), ", 2 gaps decoded again"));
    const auto json = nlohmann::json::parse(report_json(r));
    CHECK(json["totals"]["coverage_guard"] == 2);
    CHECK(json["totals"]["coverage_filled"] == 1);
    CHECK(json["files"][0]["coverage_guard"] == 0);
}

TEST_CASE("the report for programs has the numbers of the summary") {
    RunReport r = report();
    r.totals.audio_seconds = 5400;
    FileReport& skipped = r.files.emplace_back();
    skipped.status = FileReport::Status::skipped;
    skipped.outputs = {"out/c.txt"};
    r.files[0].warnings = {"no speech found in \xFF"};
    const auto json = nlohmann::json::parse(report_json(r));
    CHECK(json["files"][0]["warnings"] == nlohmann::json::array({"no speech found in \xEF\xBF\xBD"}));
    CHECK_FALSE(json["files"][1].contains("warnings"));
    CHECK(json["totals"]["done"] == 1);
    CHECK(json["totals"]["failed"] == 1);
    CHECK(json["totals"]["skipped"] == 1);
    CHECK(json["totals"]["interrupted"] == 0);
    CHECK(json["totals"]["audio_hours"] == 1.5);
    CHECK(json["files"][2]["status"] == "skipped");
    CHECK(json["files"][2]["outputs"][0] == "out/c.txt");
    CHECK_FALSE(json["files"][2].contains("audio_seconds"));
}

namespace {

/// A run of ten seconds whose file has two windows, the second encoded twice.
RunReport traced() {
    RunReport r = report();
    WindowTrace window;
    window.audio_end = 30;
    window.read = {2, 2.5};
    window.mel = {2.5, 2.75};
    window.encoder = {3, 4};
    window.decoder = {4, 8};
    r.windows.push_back(window);
    window.index = 1;
    window.refused = true;
    r.windows.push_back(window);
    window.refused = false;
    window.read = {};
    r.windows.push_back(window);
    r.memory = {3 << 20, {{2, 1 << 20}, {9, 3 << 20}}};
    return r;
}

}  // namespace

TEST_CASE("the report for programs has the times of each window\'s stages, and memory") {
    const auto json = nlohmann::json::parse(report_json(traced()));
    REQUIRE(json["windows"].size() == 3);
    CHECK(json["windows"][0]["file"] == 0);
    CHECK(json["windows"][0]["audio"] == nlohmann::json({0, 30}));
    CHECK(json["windows"][0]["read"] == nlohmann::json({2, 2.5}));
    CHECK(json["windows"][1]["decoder"] == nlohmann::json({4, 8}));
    CHECK(json["windows"][1]["refused"] == true);
    CHECK(json["windows"][2]["read"].is_null());
    CHECK(json["windows_left_out"] == 0);
    CHECK(json["memory"]["peak_bytes"] == 3 << 20);
    CHECK(json["memory"]["resident"][1]["seconds"] == 9);
}

TEST_CASE("the report as a page draws the windows in time, and lists every file") {
    const std::string page = report_html(traced());
    const auto has = [&](const char* part) { return test::contains(page, part); };
    CHECK(has(
        "cpu (Some CPU), model base, bfp16 (bfp16 as native bf16), transcribe, beam 5, batch 8, 2 threads"));
    CHECK(has("<dd>8.0 ×</dd>"));  // 80 s in 10 s
    CHECK(has("<dd>3 MiB</dd>"));
    // 0 to 10 s over pixels 190 … 936: the decoder from 4 s to 8 s, below the model\'s row.
    CHECK(has("<rect x=\"488.4\" y=\"85\" width=\"298.4\" height=\"15\" class=\"c4\">"));
    CHECK(has("<rect x=\"488.4\" y=\"103\" width=\"298.4\" height=\"15\" class=\"c5\">"));  // refused
    CHECK(has("encoder: 1.000 s, from 3.000 s to 4.000 s"));
    CHECK(has("failed: not audio"));
    CHECK_FALSE(has("\xFF"));
    CHECK_FALSE(has("src="));
    CHECK_FALSE(has("url("));
}

TEST_CASE("an empty run and a long one have pages, too") {
    CHECK(test::contains(report_html({}), "Nothing was transcribed."));
    RunReport r = traced();
    r.windows.resize(200, r.windows[0]);
    r.windows_left_out = 1000;
    CHECK(test::contains(report_html(r), "the first 150 of 1200"));
    r.files[0].path = "</svg><script>alert(1)</script>";
    r.files.push_back(r.files[0]);
    CHECK_FALSE(test::contains(report_html(r), "<script"));
}

TEST_CASE("the report for programs has setup, totals and files") {
    const auto json = nlohmann::json::parse(report_json(report()));
    CHECK(json["schema"] == "npuscribe-report");
    CHECK(json["schema_version"] == 1);
    CHECK(json["version"] == "1.2.3");
    CHECK(json["setup"]["device"] == "cpu");
    CHECK(json["setup"]["modelled_times"] == false);
    CHECK(json["setup"]["beam_size"] == 5);
    CHECK(json["setup"]["threads"] == 2);
    CHECK(json["options"]["beam-size"] == "5");
    CHECK(json["totals"]["files"] == 2);
    CHECK(json["totals"]["done"] == 1);
    CHECK(json["totals"]["failed"] == 1);
    CHECK(json["totals"]["realtime_factor"] == 8.0);
    CHECK(json["totals"]["decoder_rows"] == 450);
    CHECK(json["totals"]["stages"]["encoder"] == 2.0);
    CHECK(json["files"][0]["path"] == "a.flac");
    CHECK(json["files"][0]["status"] == "done");
    CHECK(json["files"][0]["audio_seconds"] == 80.0);
    CHECK(json["files"][0]["wall_seconds"] == 10.0);
    CHECK(json["files"][0]["stages"]["decoder"] == 4.0);
    CHECK(json["files"][0]["outputs"][0] == "out/a.txt");
    CHECK(json["files"][1]["status"] == "failed");
    CHECK(json["files"][1]["error"] == "not audio");
}

TEST_CASE("a file name that is not UTF-8 does not spoil the report") {
    const auto json = nlohmann::json::parse(report_json(report()));
    CHECK(json["files"][1]["path"] == "b\xEF\xBF\xBD.wav");
}

TEST_CASE("the report is laid out as one document, with entries of lists in the order of the run") {
    for (const RunReport& r : {report(), traced(), RunReport{}}) {
        const std::string text = report_json(r);
        CHECK(nlohmann::ordered_json::parse(text).dump(2) + "\n" == text);
    }
    const auto json = nlohmann::json::parse(report_json(traced()));
    REQUIRE(json["windows"].size() == traced().windows.size());
    for (size_t i = 0; i < json["windows"].size(); ++i)
        CHECK(json["windows"][i]["file"] == traced().windows[i].input);
}

TEST_CASE("a run that did nothing has a report, too") {
    const RunReport empty;
    CHECK(nlohmann::json::parse(report_json(empty))["totals"]["realtime_factor"] == 0.0);
    CHECK(test::contains(report_text(empty), "0.00 x realtime"));
}

}  // namespace npuscribe::output
