#include "partial.h"

#include <filesystem>

#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::app {
namespace {

FinishedPart part(size_t windows, const std::string& text) {
    FinishedPart out;
    out.windows = windows;
    out.seconds = 30.125 * static_cast<double>(windows);
    out.language = "en";
    out.last_language = "de";
    out.languages = {{"en", 12.5, 0.75}, {"de", 3, 0.5}};
    Segment segment;
    segment.start = 1.1;
    segment.end = 2.3;
    segment.text = text;
    segment.language = "en";
    segment.tokens = {1, 2};
    segment.avg_logprob = -0.1234567890123;
    segment.words = {{1.1, 1.2, " a", 0.3}};
    segment.token_details = {{1, "<|0.00|>", 0.125}};
    out.segments = {segment};
    return out;
}

}  // namespace

TEST_CASE("what was finished is read as it was written, and later lines go on") {
    const test::TemporaryDirectory directory;
    Partial first(directory / "x.json", "of this");
    first.add(part(1, " one"), std::nullopt);
    CHECK_FALSE(std::filesystem::exists(first.path()));  // most inputs have no second window
    first.add(part(2, " two"), std::nullopt);
    first.add(part(4, " three \"quoted\"\n"), std::nullopt);
    const auto read = Partial(directory / "x.json", "of this").read();
    REQUIRE(read);
    CHECK(read->windows == 4);
    CHECK(read->seconds == 120.5);
    CHECK(read->last_language == "de");
    REQUIRE(read->languages.size() == 2);
    CHECK(read->languages[1].probability == 0.5);
    REQUIRE(read->segments.size() == 3);
    CHECK(read->segments[2].text == " three \"quoted\"\n");
    CHECK(read->segments[2].id == 2);
    CHECK(read->segments[1].avg_logprob == -0.1234567890123);
    CHECK(read->segments[1].words.at(0).end == 1.2);
    CHECK(read->segments[1].token_details.at(0).probability == 0.125);

    // Another run goes on: its file says all of it, and nothing twice.
    Partial second(directory / "x.json", "of this");
    second.add(part(5, " four"), read);
    CHECK(Partial(directory / "x.json", "of this").read()->segments.size() == 4);
    second.remove();
    CHECK_FALSE(std::filesystem::exists(second.path()));
}

TEST_CASE("a part that was made of something else, or is damaged, is not gone on with") {
    const test::TemporaryDirectory directory;
    Partial partial(directory / "x.json", "of this");
    CHECK_FALSE(partial.read());
    partial.add(part(2, " two"), std::nullopt);
    partial.add(part(3, " three"), std::nullopt);
    CHECK_FALSE(Partial(directory / "x.json", "of that").read());
    const auto size = std::filesystem::file_size(partial.path());
    std::filesystem::resize_file(partial.path(), size - 1);  // a killed run did not end its last line
    CHECK(partial.read()->windows == 2);
    std::filesystem::resize_file(partial.path(), 20);
    CHECK_FALSE(partial.read());
    directory.write("y.json.partial", "{}\nnonsense\n");
    CHECK_FALSE(Partial(directory / "y.json", "of this").read());
}

TEST_CASE("a link in the place of the part is not followed") {
    const test::TemporaryDirectory directory;
    directory.write("precious", "untouched");
    std::filesystem::create_symlink(directory / "precious", directory / "x.json.partial");
    Partial partial(directory / "x.json", "of this");
    CHECK_FALSE(partial.read());
    partial.add(part(2, " two"), std::nullopt);
    CHECK(test::read_file(directory / "precious") == "untouched");
    CHECK(partial.read()->windows == 2);
}

}  // namespace npuscribe::app
