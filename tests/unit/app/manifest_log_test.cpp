#include "manifest_log.h"

#include <algorithm>

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::app {

TEST_CASE("the hash of options changes with those that change words, and with no others") {
    using Options = std::vector<std::pair<std::string, std::string>>;
    const Options options = {{"model", "base"}, {"beam-size", "5"}, {"output-dir", "a"}, {"threads", "2"}};
    const std::string hash = options_hash(options);
    CHECK(hash.size() == 16);
    CHECK(options_hash({{"model", "base"}, {"beam-size", "5"}, {"output-dir", "b"}, {"threads", "9"}}) ==
          hash);
    for (const char* shape :
         {"min-cue-duration", "max-cue-duration", "max-chars-per-second", "min-cue-gap", "fetch"})
        CHECK(options_hash({{"model", "base"}, {"beam-size", "5"}, {shape, "1"}}) == hash);
    CHECK(options_hash({{"model", "base"}, {"beam-size", "1"}, {"output-dir", "a"}, {"threads", "2"}}) !=
          hash);
    CHECK(options_hash({{"model", "base5"}, {"beam-size", ""}}) !=
          options_hash({{"model", "base"}, {"beam-size", "5"}}));
    // Published values of FNV-1a: the empty text, and a text of one byte.
    CHECK(options_hash({}) == "cbf29ce484222325");
}

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
        CHECK_FALSE(log.is_finished(0));
        log.add(0, done, " hello ");
        log.add(1, failed, {});
    }
    const ManifestLog log(path, {}, inputs, "base", "0");
    CHECK(log.is_finished(0));
    CHECK_FALSE(log.is_finished(1));
    CHECK_FALSE(log.is_finished(2));
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
