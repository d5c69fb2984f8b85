#include "provide_model.h"

#include <algorithm>

#include "catch.h"
#include "unit/app/models_for_test.h"

using namespace npuscribe;
using namespace npuscribe::app;

namespace {

// A run that may fetch nothing, so that no test asks the network.
std::string provide(const std::string& model, const std::string& input = "a.wav") {
    Console console(Loudness::normal);
    return provide_model({model, true, false, input}, console);
}

MissingModel missing(const std::string& model, const std::string& input = "a.wav") {
    try {
        provide(model, input);
    } catch (const MissingModel& error) {
        return error;
    }
    FAIL("nothing was thrown");
    return {"", ""};
}

}  // namespace

TEST_CASE("what to do without a model is said in few lines: fetch it, how large it is, and run again") {
    const test::Models models;
    const MissingModel error = missing("base", "my talk.mp3");
    CHECK(error.what() == "model base is not in " + models.directory.path().string() +
                              "; fetch it with npuscribe model fetch base");
    // huggingface.co/Systran/faster-whisper-base: 145,217,532 + 2,203,239 + 459,861 + 2,309 bytes.
    CHECK(test::contains(error.next, "npuscribe model fetch base          download the model base: 148 MB"));
    CHECK(test::contains(error.next, "npuscribe 'my talk.mp3'"));
    for (const char* part : {"tiny 78 MB", "small 486 MB", "large-v3-turbo 1.6 GB", "npuscribe model list"})
        CHECK(test::contains(error.next, part));
    CHECK(std::count(error.next.begin(), error.next.end(), '\n') <= 10);
    CHECK(test::contains(missing("turbo").next, "npuscribe -m large-v3-turbo a.wav"));
    CHECK(test::contains(missing("Systran/faster-whisper-small").next, "npuscribe model fetch small"));
}

TEST_CASE("a model that is there, or that is a path or unknown, is left to be opened") {
    const test::Models models;
    std::filesystem::create_directories(models.directory / "base");
    CHECK(provide("base") == "base");
    CHECK(provide("openai/whisper-base") == "base");
    CHECK(provide("ggml-base-q5_1.bin") == "base");
    CHECK(provide("no-such-model") == "no-such-model");
    CHECK(provide("models/base") == "models/base");
    const std::string file = models.directory.write("openai/whisper-base", "x").string();
    CHECK(provide(file) == file);
}

TEST_CASE("a slip is asked about, and never becomes a download") {
    const test::Models models;
    CHECK(test::contains(test::message_of<ModelError>([] { provide("basee"); }),
                         "no model basee: did you mean base"));
    CHECK(test::contains(test::message_of<ModelError>([] { provide("Smal"); }), "did you mean small"));
    models.directory.write("basee.npuscribe", "x");
    CHECK(provide("basee") == "basee");
}
