// The library as a program uses it, with tiny.en and real speech.
#include "npuscribe/npuscribe.h"

#include <algorithm>
#include <vector>

#include "audio/stream.h"
#include "audio/window.h"
#include "catch.h"
#include "data_paths.h"
#include "needs.h"

using namespace npuscribe;

namespace {

SessionOptions tiny() {
    SessionOptions options;
    options.model = test::need_model("tiny.en").string();
    options.device = "cpu";
    options.threads = 2;
    options.transcribe.vad = false;  // needs no other weights
    return options;
}

std::vector<float> samples_of(const std::filesystem::path& file) {
    const auto stream = audio::open(file);
    std::vector<float> samples, block(1 << 14);
    while (const size_t count = stream->read(block))
        samples.insert(samples.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    return samples;
}

}  // namespace

TEST_CASE("a session transcribes files and samples alike, and hands out segments as they come",
          "[needs-models][needs-pocketsphinx]") {
    const auto options = tiny();
    const auto file =
        test::need_pocketsphinx_data() / "librivox" / "sense_and_sensibility_01_austen_64kb-0880.wav";
    Session session(options);
    CHECK(session.setup().device == "cpu");
    std::vector<Segment> seen;
    const Transcript of_file =
        session.transcribe(file, [&](const Segment& segment) { seen.push_back(segment); });
    CHECK(test::contains(of_file.text(), "young man"));
    CHECK(of_file.language == "en");
    REQUIRE(seen.size() == of_file.segments.size());
    CHECK(seen.back().text == of_file.segments.back().text);

    const auto samples = samples_of(file);
    const Transcript of_samples = session.transcribe(samples);
    CHECK(of_samples.text() == of_file.text());
    CHECK(of_samples.duration == test::Approx(static_cast<double>(samples.size()) / audio::kSampleRate));

    SECTION("another session beside it knows nothing of this one") {
        Session other(options);
        CHECK(other.transcribe(samples).text() == of_file.text());
        CHECK(session.transcribe(samples).text() == of_file.text());
    }
    SECTION("a file that is not there is an error of that call alone") {
        const auto message = test::message_of<InputError>([&] { session.transcribe("/no/such/file.wav"); });
        CHECK(test::contains(message, "/no/such/file.wav"));
        CHECK(session.transcribe(samples).text() == of_file.text());
    }
    SECTION("it can be cancelled") {
        const std::atomic<bool> cancel{true};
        CHECK_THROWS_AS(session.transcribe(samples, {}, &cancel), Cancelled);
    }
}

TEST_CASE("what a session cannot be made of is said") {
    SessionOptions options;
    options.model = "/no/such/model";
    CHECK_THROWS_AS(Session(options), ModelError);
}

TEST_CASE("options that the model or the machine lacks are refused", "[needs-models]") {
    SessionOptions options = tiny();
    options.transcribe.language = "klingon";
    CHECK(test::contains(test::message_of<UsageError>([&] { Session session(options); }), "klingon"));
    options.transcribe.language = "";
    options.device = "gpu";
    CHECK_THROWS_AS(Session(options), UsageError);
}
