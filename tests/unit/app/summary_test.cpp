#include "summary.h"

#include "catch.h"

using namespace npuscribe;
using namespace npuscribe::app;
using output::FileReport;

namespace {

FileReport done(const char* language, double probability = 1) {
    FileReport file;
    file.path = "a.wav";
    file.status = FileReport::Status::done;
    file.language = language;
    file.language_probability = probability;
    return file;
}

output::RunReport report(std::vector<FileReport> files) {
    output::RunReport out;
    out.files = std::move(files);
    out.setup.device = "cpu";
    out.setup.device_description = "Intel(R) Xeon(R) Processor, AVX-512, oneDNN 2.6.3";
    out.totals.audio_seconds = 401;
    out.totals.total = 5;
    return out;
}

}  // namespace

TEST_CASE("one file has its language, its length as a clock, time, realtime factor and device in a line") {
    CHECK(summary(report({done("de", 0.974)})) ==
          "German (97 %), 6:41 of audio in 5.0 s, 80.2 x realtime, device cpu (Intel(R) Xeon(R) Processor)");
    CHECK(summary(report({done("en")})).starts_with("English, 6:41 of audio"));  // it was given
    CHECK(summary(report({done("", 0)})).starts_with("6:41 of audio"));          // there was no speech
}

TEST_CASE("a long run has clocks for both times, and hours only when there are hours") {
    output::RunReport run = report({done("en")});
    run.totals.audio_seconds = 7384;
    run.totals.total = 61;
    CHECK(summary(run).starts_with("English, 2:03:04 of audio in 1:01, 121 x realtime"));
}

TEST_CASE("several files are counted, and their languages named") {
    FileReport failed;
    failed.status = FileReport::Status::failed;
    failed.error = "not audio";
    FileReport left;
    FileReport skipped;
    skipped.status = FileReport::Status::skipped;
    CHECK(summary(report({done("en"), done("en", 0.9)}))
              .starts_with("2 done, 0 failed, English, 6:41 of audio"));
    CHECK(summary(report({done("en"), done("de")})).starts_with("2 done, 0 failed, English and German, "));
    CHECK(
        summary(report({done("en"), done("de"), done("fr")})).starts_with("3 done, 0 failed, 3 languages, "));
    CHECK(summary(report({done("en"), failed, skipped, left}))
              .starts_with("1 done, 1 failed, 1 skipped, 1 not done, English, "));
    CHECK_FALSE(test::contains(summary(report({done("en"), failed})), "not audio"));  // said when it failed
}

TEST_CASE("nothing is said twice: a single file that failed has no summary") {
    FileReport failed;
    failed.status = FileReport::Status::failed;
    CHECK(summary(report({failed})).empty());
    CHECK(summary(report({FileReport()})).empty());
}

TEST_CASE("a run with nothing to do has counts alone") {
    FileReport skipped;
    skipped.status = FileReport::Status::skipped;
    output::RunReport run = report({skipped});
    run.totals = {};
    CHECK(summary(run) == "0 done, 0 failed, 1 skipped");
}
