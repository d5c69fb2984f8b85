#include "inputs.h"

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::app {
namespace {

std::vector<std::string> names(const std::vector<Input>& inputs) {
    std::vector<std::string> out;
    for (const Input& input : inputs) out.push_back(input.path.filename().string());
    return out;
}

}  // namespace

TEST_CASE("a directory stands for its audio files, sorted; with -r for those below, too") {
    const test::TemporaryDirectory directory;
    for (const char* file : {"b.wav", "a.flac", "notes.txt", "deep/er/c.mp3"}) directory.touch(file);
    CHECK(names(expand({directory.path()}, false)) == std::vector<std::string>{"a.flac", "b.wav"});
    CHECK(names(expand({directory.path()}, true)) == std::vector<std::string>{"a.flac", "b.wav", "c.mp3"});
}

TEST_CASE("what a Mac puts beside recordings is passed over, unless it is named") {
    const test::TemporaryDirectory directory;
    for (const char* file :
         {"a.wav", "._a.wav", ".AppleDouble/a.wav", "__MACOSX/._b.wav", "b/c.wav", "b/._c.wav"})
        directory.touch(file);
    CHECK(names(expand({directory.path()}, true)) == std::vector<std::string>{"a.wav", "c.wav"});
    CHECK(names(expand({directory / "._a.wav"}, true)) == std::vector<std::string>{"._a.wav"});
}

TEST_CASE("a file is taken whatever its name, in the order given") {
    const test::TemporaryDirectory directory;
    const auto z = directory.touch("z.bin");
    const auto a = directory.touch("a.wav");
    const auto inputs = expand({z, a}, false);
    CHECK(names(inputs) == std::vector<std::string>{"z.bin", "a.wav"});
    CHECK(inputs[0].error.empty());
}

TEST_CASE("what is missing or empty fails alone") {
    const test::TemporaryDirectory directory;
    const auto good = directory.touch("good.wav");
    directory.touch("text/notes.txt");
    directory.touch("outer/inner/a.wav");
    const auto inputs =
        expand({directory / "missing.wav", good, directory / "text", directory / "outer"}, false);
    REQUIRE(inputs.size() == 4);
    CHECK(inputs[0].error == "there is no such file");
    CHECK(inputs[1].error.empty());
    CHECK(test::contains(inputs[2].error, "holds no audio files"));
    CHECK(test::contains(inputs[3].error, "-r"));
    CHECK_FALSE(expand({good.string() + "/x"}, false)[0].error.empty());
}

TEST_CASE("an address on the web is an input, unless nothing may be fetched; other addresses are not") {
    const std::string url = "https://example.org/a/talk.one.mp3?part=2&of=/3#t=10";
    const auto inputs = expand({url, "HTTP://example.org"}, false);
    REQUIRE(inputs.size() == 2);
    CHECK(inputs[0].path.string() == url);
    CHECK(inputs[0].error.empty());
    CHECK(inputs[1].error.empty());
    CHECK(stem(url) == "talk.one");
    CHECK(stem("https://example.org/") == "example");
    CHECK(test::contains(expand({url}, false, true)[0].error, "NPUSCRIBE_OFFLINE=1"));
    for (const std::string scheme : {"ftp", "rtsp", "file", "concat"})
        CHECK(test::contains(expand({scheme + "://example.org/it's.mp3"}, false)[0].error,
                             "ffmpeg -i '" + scheme + "://example.org/it'\\''s.mp3' -f wav - | npuscribe -"));
}

TEST_CASE("an empty name is a mistake") {
    CHECK(test::contains(test::message_of<UsageError>([] { expand({"a.wav", ""}, false); }), "has no name"));
}

TEST_CASE("what a directory holds is known by where in it it was found") {
    const test::TemporaryDirectory directory;
    for (const char* file : {"top.wav", "day one/a.wav", "day one/morning/b.wav"}) directory.touch(file);
    const auto inputs = expand({directory.path(), directory / "top.wav"}, true);
    REQUIRE(inputs.size() == 4);
    CHECK(inputs[0].below == "day one");
    CHECK(inputs[1].below == "day one/morning");
    CHECK(inputs[2].below == "");
    CHECK(inputs[3].below == "");  // named itself
}

TEST_CASE("a link to a directory above is not followed forever") {
    const test::TemporaryDirectory directory;
    directory.touch("a.wav");
    std::filesystem::create_directory_symlink(directory.path(), directory / "up");
    CHECK(names(expand({directory.path()}, true)) == std::vector<std::string>{"a.wav"});
}

TEST_CASE("a list has a name a line, or a NUL after each") {
    const test::TemporaryDirectory directory;
    const auto list = directory / "list";
    using Names = std::vector<std::string>;
    const auto holds = [&](const std::string& bytes) {
        test::write_file(list, bytes);
        Names names;
        for (const corpus::Entry& entry : read_list(list).entries) names.push_back(entry.audio.string());
        return names;
    };
    CHECK(holds("a.wav\nb c.wav\n\nno end.wav") == Names{"a.wav", "b c.wav", "no end.wav"});
    CHECK(holds("dos.wav\r\nline.wav\r\n") == Names{"dos.wav", "line.wav"});
    CHECK(holds("\xEF\xBB\xBFwindows.wav\r\n") == Names{"windows.wav"});
    CHECK(holds(std::string("two\nlines.wav\0b.wav\0", 20)) == Names{"two\nlines.wav", "b.wav"});
    CHECK(holds("caf\xE9.wav\n") == Names{"caf\xE9.wav"});
    CHECK(test::contains(test::message_of<UsageError>([&] { holds("\n\n"); }),
                         "expected a list that names files"));
    CHECK(test::contains(test::message_of<UsageError>([&] { read_list(directory / "none"); }),
                         "a file that can be read"));
    CHECK_THROWS_AS(read_list(directory.path()), UsageError);
}

TEST_CASE("a list that is a manifest has entries, whose relative names begin in its directory") {
    const test::TemporaryDirectory directory;
    const auto path =
        directory.write("lists/archive.jsonl", R"({"audio_filepath": "a/talk.wav", "duration": 3})");
    const List list = read_list(path);
    CHECK(list.is_manifest);
    CHECK(list.directory == directory / "lists");
    REQUIRE(list.entries.size() == 1);
    CHECK(list.entries[0].audio == directory / "lists/a/talk.wav");
    CHECK(list.entries[0].duration == 3);
    CHECK(read_list(directory.write("list", "{\"audio_filepath\": \"a.wav\"}")).is_manifest);
    CHECK(read_list(directory.write("list", "\xEF\xBB\xBF{\"audio_filepath\": \"a.wav\"}")).is_manifest);
    CHECK_FALSE(read_list(directory.write("names", "a.wav")).is_manifest);
    CHECK_THROWS_AS(read_list(directory.write("empty.jsonl", "\n")), UsageError);
}

TEST_CASE("standard input can be named once") {
    CHECK(test::contains(test::message_of<UsageError>([] { expand({"-", "-"}, false); }), "more than once"));
}

TEST_CASE("outputs are named after the input, without its last extension") {
    CHECK(stem("dir/talk.part1.flac") == "talk.part1");
    CHECK(stem("-") == "stdin");
    CHECK(stem("noextension") == "noextension");
    CHECK(stem(".hidden") == ".hidden");
}

}  // namespace npuscribe::app
