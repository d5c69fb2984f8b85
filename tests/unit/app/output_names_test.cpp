#include "output_names.h"

#include "base/error.h"
#include "catch.h"

namespace npuscribe::app {
namespace {

using Names = std::vector<std::string>;

Input listed(const std::string& path, std::optional<double> offset = {}) {
    Input input;
    input.path = path;
    input.entry.emplace();
    input.entry->audio = path;
    input.entry->offset = offset;
    return input;
}

/// Where the outputs of listed files go, and their names.
Names places(std::vector<Input> inputs, const std::string& root, const std::string& base) {
    keep_directories(inputs, root_of(inputs, root, base));
    decide_names(inputs);
    Names out;
    for (const Input& input : inputs) out.push_back((input.below / input.name).string());
    return out;
}

}  // namespace

TEST_CASE("listed files keep their directories below the root, so equal stems do not meet") {
    CHECK(places({listed("/data/a/x.wav"), listed("/data/b/x.wav"), listed("/data/y.wav")}, "/data", "") ==
          Names{"a/x", "b/x", "y"});
    CHECK(places({listed("/data/a/x.wav")}, "/data/", "") == Names{"a/x"});
    CHECK(places({listed("/data/a/x.wav")}, "/", "") == Names{"data/a/x"});
    CHECK(places({listed("/data/a/../b/./x.wav")}, "/data", "") == Names{"b/x"});
}

TEST_CASE("without a root, it is the list's directory, or the longest that holds all files") {
    CHECK(places({listed("/data/a/x.wav"), listed("/data/a/y.wav")}, "", "/data") == Names{"a/x", "a/y"});
    CHECK(places({listed("/data/a/x.wav"), listed("/data/b/y.wav")}, "", "/elsewhere") ==
          Names{"a/x", "b/y"});
    CHECK(places({listed("/data/ab/x.wav"), listed("/data/a/y.wav")}, "", "/elsewhere") ==
          Names{"ab/x", "a/y"});
    CHECK(places({listed("/data/a/x.wav")}, "", "/elsewhere") == Names{"x"});
    CHECK(places({listed("/one/x.wav"), listed("/two/y.wav")}, "", "/elsewhere") == Names{"one/x", "two/y"});
    CHECK(places({listed("a/x.wav"), listed("y.wav")}, "", "") == Names{"a/x", "y"});
}

TEST_CASE("addresses lie in no directory") {
    CHECK(places({listed("https://example.org/a/x.mp3?v=1"), listed("/data/b/y.wav")}, "", "/data") ==
          Names{"x", "b/y"});
    CHECK(places({listed("https://example.org/a/x.mp3")}, "/data", "") == Names{"x"});
}

TEST_CASE("a file that is not below the root is refused by name") {
    const std::string message = test::message_of<UsageError>([] {
        places({listed("/data/a/x.wav"), listed("/database/y.wav")}, "/data", "");
    });
    CHECK(test::contains(message, "/database/y.wav"));
    CHECK(test::contains(message, "--root"));
}

TEST_CASE("parts of one recording have their offsets in their names") {
    CHECK(places({listed("/d/x.wav", 0), listed("/d/x.wav", 12.5), listed("/d/y.wav", 0),
                  listed("/d/z.wav", 90), listed("/d/w.wav")},
                 "/d", "") == Names{"x-0", "x-12.5", "y", "z-90", "w"});
    CHECK(places({listed("/d/x.wav", 1), listed("/d/x.mp3", 1)}, "/d", "") == Names{"x.wav-1", "x.mp3-1"});
}

TEST_CASE("a name that is decided stays") {
    std::vector<Input> inputs = {listed("/d/x.wav"), listed("/d/x.mp3")};
    inputs[0].name = "x.wav";
    CHECK(decide_names(inputs).empty());
    CHECK(inputs[0].name == "x.wav");
    CHECK(inputs[1].name == "x");
}

}  // namespace npuscribe::app
