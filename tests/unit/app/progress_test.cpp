#include "progress.h"

#include "catch.h"
#include "temporary_directory.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

ProgressView batch() {
    ProgressView view;
    view.files_done = 12;
    view.files = 50;
    view.fraction = 0.25;
    view.seconds_left = 200;
    view.name = "talk.wav";
    view.seconds = 43;
    view.length = 100;
    return view;
}

}  // namespace

TEST_CASE("a line shows the whole batch, then the current file") {
    CHECK(progress_line(batch(), 100) ==
          "12/50 files  [#####---------------]  25 %  3:20 left  talk.wav  43 %");
}

TEST_CASE("one file alone is shown with its times") {
    ProgressView view = batch();
    view.files = 1;
    CHECK(progress_line(view, 100) == "[#####---------------]  25 %  3:20 left  talk.wav  0:43 of 1:40");
    view.length = 0;
    view.seconds_left.reset();
    CHECK(progress_line(view, 100) == "[#####---------------]  25 %  talk.wav  0:43");
}

TEST_CASE("a narrow terminal gets a line that fits, whatever the name") {
    ProgressView view = batch();
    for (const char* name :
         {"talk.wav", "会議の録音、とても長い名前のファイル.wav", "caf\xE9\xE9\xE9 and so on and on.wav"}) {
        view.name = name;
        for (size_t columns = 1; columns < 120; ++columns) {
            INFO(name << " in " << columns);
            CHECK(columns_of(progress_line(view, columns)) <= columns);
        }
    }
    view.name = "interview-2024-05-01-part-12.wav";
    CHECK(progress_line(view, 40) == "12/50 files  25 %  intervi…-12.wav  43 %");
    CHECK(progress_line(view, 16) == "12/50 files  25 ");
}

TEST_CASE("a log gets no bar, and the whole name") {
    CHECK(progress_line(batch(), 0) == "12/50 files  25 %  3:20 left  talk.wav  43 %");
}

TEST_CASE("a file that comes is shown with its share, its speed and the time that it still takes") {
    const TransferView view{"model.bin", 36'250'000, 145'000'000, 2'500'000};
    CHECK(transfer_line(view, 100) ==
          "model.bin  [#####---------------] 25 % of 145.0 MB  2.5 MB/s  0:43 left");
    CHECK(transfer_line(view, 0) == "model.bin  25 % of 145.0 MB  2.5 MB/s  0:43 left");
    CHECK(transfer_line({"model.bin", 36'250'000, 0, 2'500'000}, 0) == "model.bin  36.2 MB  2.5 MB/s");
    for (size_t columns = 1; columns < 80; ++columns)
        CHECK(columns_of(transfer_line(view, columns)) <= columns);
}

TEST_CASE("a file's share of the run is its size") {
    const test::TemporaryDirectory directory;
    directory.write("small", std::string(100, 'x'));
    directory.write("large", std::string(300, 'x'));
    BatchProgress progress({directory / "small", directory / "large"});
    CHECK(progress.view(0).fraction == test::Approx(0));
    CHECK_FALSE(progress.view(0).seconds_left);
    progress.advance(0, 5, 10);
    CHECK(progress.view(1).fraction == test::Approx(0.125));
    progress.finish(0);
    progress.advance(1, 20, 30);
    CHECK(progress.view(1).fraction == test::Approx(0.25 + 0.75 * 2 / 3));
    CHECK(progress.view(1).name == "large");
    CHECK(progress.done() == 1);
    progress.finish(1);
    CHECK(progress.view(8).fraction == test::Approx(1));
}

TEST_CASE("no time is left over before it can be known, and then it follows the pace since the first text") {
    const test::TemporaryDirectory directory;
    directory.write("file", std::string(100, 'x'));
    BatchProgress progress({directory / "file"});
    progress.advance(0, 20, 100);  // encoded, which takes another time than the text does
    CHECK_FALSE(progress.view(1).seconds_left);
    progress.begin_estimate();
    progress.advance(0, 40, 100);
    CHECK_FALSE(progress.view(10).seconds_left);
    progress.advance(0, 41, 100);
    CHECK_FALSE(progress.view(10.5).seconds_left);
    progress.advance(0, 60, 100);
    CHECK(progress.view(14).seconds_left == test::Approx(8.0));  // 20 took 4 s, and 40 are left
}

TEST_CASE("what has no size counts as much as another") {
    const test::TemporaryDirectory directory;
    directory.write("file", std::string(100, 'x'));
    BatchProgress progress({directory / "file", "-"});
    progress.finish(0);
    CHECK(progress.view(1).fraction == test::Approx(0.5));
    BatchProgress alone({"-"});
    alone.advance(0, 10, 0);
    CHECK(alone.view(1).fraction == test::Approx(0));
}

}  // namespace npuscribe::app
