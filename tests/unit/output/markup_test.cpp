#include "output/markup.h"

#include <filesystem>

#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::output {

TEST_CASE("text in a page cannot end an element, an attribute or a script") {
    CHECK(escaped("</script><b a=\"x\" c='y'>&amp;") ==
          "&lt;/script&gt;&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;");
    CHECK(escaped(std::string("a\0b\nc\xFF", 6)) == "a b c\xEF\xBF\xBD");
}

TEST_CASE("a path in a page is percent-encoded byte by byte, and is never a scheme, a query or a fragment") {
    // RFC 3986, section 2.1, and ASCII's table.
    CHECK(url_path("a b/c#d?e%f") == "a%20b/c%23d%3Fe%25f");
    CHECK(url_path("javascript:alert(1)") == "javascript%3Aalert%281%29");
    CHECK(url_path("\xC3\xA4\xFF\"\\.wav") == "%C3%A4%FF%22%5C.wav");
    CHECK(url_path("A-z_0.9~") == "A-z_0.9~");
}

TEST_CASE("a page refers to its recording relative to its own directory") {
    const test::TemporaryDirectory directory;
    std::filesystem::create_directories(directory / "in/deep");
    std::filesystem::create_directories(directory / "out");
    directory.touch("in/deep/talk one.wav");
    const auto talk = directory / "in/deep/talk one.wav";
    CHECK(relative_url(talk, directory / "out") == "../in/deep/talk%20one.wav");
    CHECK(relative_url(talk, directory / "in/deep") == "talk%20one.wav");
    CHECK(relative_url(talk, directory / "in") == "deep/talk%20one.wav");
    CHECK(relative_url(directory / "out/../in/deep/talk one.wav", directory / "out") ==
          "../in/deep/talk%20one.wav");

    // link/.. is not this directory, but that of what the link points at.
    std::filesystem::create_directory_symlink(directory / "in/deep", directory / "link");
    directory.touch("in/other.wav");
    CHECK(relative_url(directory / "link/../other.wav", directory / "out") == "../in/other.wav");
    // A browser shows the name by which the page was opened: the link is not followed where it need not be.
    CHECK(relative_url(directory / "link/talk one.wav", directory / "out") == "../link/talk%20one.wav");
}

TEST_CASE("a template is filled once: names inside values are not replaced") {
    CHECK(filled("<a>{{x}}</a>{{y}}{{x}}", {{"x", "{{y}}"}, {"y", "1"}}) == "<a>{{y}}</a>1{{y}}");
    CHECK(filled("{{unknown}} {{x", {{"x", "1"}}) == "{{unknown}} {{x");
}

}  // namespace npuscribe::output
