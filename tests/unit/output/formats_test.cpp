#include "output/formats.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "catch.h"
#include "transcripts.h"

namespace npuscribe::output {

using test::segment;
using test::transcript;

TEST_CASE("plain text has a line for each segment that has text") {
    CHECK(txt(transcript({segment(0, 1, " One."), segment(1, 2, ""), segment(2, 3, " Two\nthree.")})) ==
          "One.\nTwo three.\n");
    CHECK(txt(transcript({})).empty());
}

TEST_CASE("tab-separated values: milliseconds, and no tab in the text") {
    CHECK(tsv(transcript({segment(0, 1.5, " a\tb"), segment(1.5, 2, " c")})) ==
          "start\tend\ttext\n0\t1500\ta b\n1500\t2000\tc\n");
}

TEST_CASE("JSON has OpenAI's fields") {
    Transcript t = transcript({segment(1.2000000000000002, 2, " Hi")});
    Segment& s = t.segments[0];
    s.seek = 3000;
    s.tokens = {50364, 2421, 50414};
    s.temperature = 0.2;
    s.avg_logprob = -0.25;
    s.compression_ratio = 1.5;
    s.no_speech_prob = 0.0625;
    t.language = "de";
    t.language_probability = 0.75;
    t.duration = 3.5;
    CHECK(json(t) ==
          R"({"text":" Hi","segments":[{"id":0,"seek":3000,"start":1.2,"end":2.0,"text":" Hi",)"
          R"("tokens":[50364,2421,50414],"temperature":0.2,"avg_logprob":-0.25,"compression_ratio":1.5,)"
          R"("no_speech_prob":0.0625}],"language":"de","language_probability":0.75,"duration":3.5})"
          "\n");
}

TEST_CASE("JSON has words if word times were asked for") {
    Transcript t = transcript({segment(0, 1, " Hi")});
    t.segments[0].words = {{0.1, 0.4, " Hi", 0.5}};
    const auto parsed = nlohmann::json::parse(json(t));
    const auto expected =
        nlohmann::json::parse(R"([{"word": " Hi", "start": 0.1, "end": 0.4, "probability": 0.5}])");
    CHECK(parsed["segments"][0]["words"] == expected);
}

TEST_CASE("the text in JSON is the joined text of the segments") {
    const auto parsed =
        nlohmann::json::parse(json(transcript({segment(0, 1, " One."), segment(1, 2, " Two.")})));
    CHECK(parsed["text"] == " One. Two.");
    CHECK(nlohmann::json::parse(json(transcript({})))["text"] == "");
    CHECK(nlohmann::json::parse(json(transcript({})))["segments"].empty());
}

TEST_CASE("every format is valid UTF-8 on single lines, whatever the text holds") {
    const std::string hostile = std::string("\xFF\xC0\x80 \"\\\0\x1B[31m\n\n-->\xE6\x97", 19);
    Transcript t = transcript({segment(0, 1, hostile)});
    t.language.assign(1, static_cast<char>(0xFF));
    t.segments[0].avg_logprob = std::numeric_limits<double>::quiet_NaN();
    for (const Format& format : formats()) {
        INFO(format.name);
        const std::string out = format.write(t, {});
        CHECK(test::contains(out, "\xEF\xBF\xBD"));
        // nlohmann's parser is strict about UTF-8: as a JSON string, or as a document.
        if (format.extension.ends_with("json")) {
            const auto parsed = nlohmann::json::parse(out);
            CHECK(parsed["segments"][0]["avg_logprob"].is_null());
        } else {
            CHECK_NOTHROW(nlohmann::json(out).dump());
            CHECK_FALSE(test::contains(out, "\x1B"));
            CHECK_FALSE(test::contains(out, std::string(1, '\0')));
        }
    }
}

TEST_CASE("formats are chosen by name, in the order given, each once") {
    const auto names = [](std::string_view list) {
        std::string out;
        for (const Format& format : parse_formats(list)) out += std::string(format.name) + " ";
        return out;
    };
    CHECK(names("txt") == "txt ");
    CHECK(names("json,srt,json") == "json srt ");
    CHECK(names("all") == "txt srt vtt tsv csv lrc json json-full html ");
    CHECK(names("vtt,all") == "vtt txt srt tsv csv lrc json json-full html ");
}

TEST_CASE("an unknown format is refused with the choices") {
    for (const char* list : {"docx", "txt,", "", "TXT", "txt srt"}) {
        INFO(list);
        const std::string message = test::message_of<UsageError>([&] { parse_formats(list); });
        CHECK(test::contains(message, "txt, srt, vtt, tsv, csv, lrc, json, json-full, html, md, all"));
    }
}

// As whisper.cpp's --diarize writes them (examples/cli/cli.cpp).
TEST_CASE("speakers come before their words, or in a column") {
    Transcript t = test::transcript({test::segment(0, 1.5, " Hello, \"you\"."), test::segment(1, 2, " Hi.")});
    t.segments[0].speaker = "0";
    t.segments[1].speaker = "1";
    CHECK(txt(t) == "(speaker 0) Hello, \"you\".\n(speaker 1) Hi.\n");
    CHECK(srt(t) ==
          "1\n00:00:00,000 --> 00:00:01,500\n(speaker 0) Hello, \"you\".\n\n"
          "2\n00:00:01,000 --> 00:00:02,000\n(speaker 1) Hi.\n\n");
    CHECK(vtt(t) ==
          "WEBVTT\n\n00:00.000 --> 00:01.500\n<v Speaker0>Hello, \"you\".\n\n"
          "00:01.000 --> 00:02.000\n<v Speaker1>Hi.\n\n");
    CHECK(csv(t) ==
          "start,end,speaker,text\n0,1500,\"0\",\"Hello, \"\"you\"\".\"\n1000,2000,\"1\",\"Hi.\"\n");
    CHECK(tsv(t) == "start\tend\tspeaker\ttext\n0\t1500\t0\tHello, \"you\".\n1000\t2000\t1\tHi.\n");
    CHECK(test::contains(lrc(t), "[00:01.00](speaker 1) Hi.\n"));
    CHECK(nlohmann::json::parse(json(t))["segments"][1]["speaker"] == "1");
    t.segments[0].speaker.clear();
    CHECK_FALSE(nlohmann::json::parse(json(t))["segments"][0].contains("speaker"));
}

TEST_CASE("no subtitle has words of two speakers, however much room there is") {
    Transcript t = test::transcript(
        {test::segment(0, 1, " One."), test::segment(1, 2, " Two."), test::segment(2, 3, " Three.")});
    t.segments[0].speaker = t.segments[1].speaker = "0";
    t.segments[2].speaker = "1";
    SubtitleOptions options;
    options.max_line_width = 80;
    options.max_line_count = 2;
    CHECK(srt(t, options) ==
          "1\n00:00:00,000 --> 00:00:02,000\n(speaker 0) One. Two.\n\n"
          "2\n00:00:02,000 --> 00:00:03,000\n(speaker 1) Three.\n\n");
}

}  // namespace npuscribe::output
