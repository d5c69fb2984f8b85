#include "manifest_log.h"

#include <algorithm>

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::app {

TEST_CASE("an input is finished once its line is written, and a failed one is tried again") {
    const test::TemporaryDirectory directory;
    const std::vector<Input> inputs = {{"/a.wav", {}}, {"/b.wav", {}}, {"/c.wav", {}}};
    const auto path = directory / "parts/0.jsonl";
    output::FileReport done;
    done.status = output::FileReport::Status::done;
    done.language = "en";
    output::FileReport failed;
    failed.status = output::FileReport::Status::failed;
    failed.error = "no audio";
    {
        ManifestLog log(path, {}, inputs, "base", "0");
        CHECK(log.state(0) == ManifestLog::State::open);
        log.add(0, done, " hello ");
        log.add(1, failed, {});
    }
    const ManifestLog log(path, {}, inputs, "base", "0");
    CHECK(log.state(0) == ManifestLog::State::finished);
    CHECK(log.state(1) == ManifestLog::State::open);
    CHECK(log.state(2) == ManifestLog::State::open);
    // With another model, or other options, its words would be others.
    CHECK(ManifestLog(path, {}, inputs, "small", "0").state(0) == ManifestLog::State::made_otherwise);
    CHECK(ManifestLog(path, {}, inputs, "base", "1").state(0) == ManifestLog::State::made_otherwise);
    CHECK(ManifestLog(path, {}, inputs, "small", "0").state(1) == ManifestLog::State::open);
    const std::string text = test::read_file(path);
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
    CHECK(test::contains(text, "\"text\":\"hello\""));
    CHECK(test::contains(text, "\"error\":\"no audio\""));
}

TEST_CASE("the list is not appended to") {
    const test::TemporaryDirectory directory;
    const auto list = directory.write("archive.jsonl", "{}");
    CHECK(test::contains(test::message_of<UsageError>([&] { ManifestLog(list, list, {}, "base", "0"); }),
                         "--manifest and --files-from are both"));
    CHECK(test::read_file(list) == "{}");
}

}  // namespace npuscribe::app
