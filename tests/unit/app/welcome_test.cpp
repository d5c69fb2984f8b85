#include "welcome.h"

#include <algorithm>
#include <cstdlib>

#include "catch.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::app;

namespace {

// A directory of models for as long as it lives.
class Models {
  public:
    Models() {
        if (const char* set = std::getenv("NPUSCRIBE_MODELS")) before_ = set;
        ::setenv("NPUSCRIBE_MODELS", directory.path().c_str(), 1);
    }
    ~Models() {
        if (before_.empty()) {
            ::unsetenv("NPUSCRIBE_MODELS");
        } else {
            ::setenv("NPUSCRIBE_MODELS", before_.c_str(), 1);
        }
    }
    test::TemporaryDirectory directory;

  private:
    std::string before_;
};

MissingModel missing(const std::string& model, const std::string& input) {
    try {
        require_model(model, input);
    } catch (const MissingModel& error) {
        return error;
    }
    FAIL("nothing was thrown");
    return {"", ""};
}

}  // namespace

TEST_CASE("what to do without a model is said in few lines: fetch it, how large it is, and run again") {
    const Models models;
    const MissingModel error = missing("base", "my talk.mp3");
    CHECK(error.what() == "model base is not in " + models.directory.path().string() +
                              "; fetch it with npuscribe model fetch base");
    // The model card of openai/whisper-base has 74 M parameters; its model.bin has 145,217,532 bytes.
    CHECK(test::contains(error.next, "npuscribe model fetch base          download the model base: 145 MB"));
    CHECK(test::contains(error.next, "npuscribe 'my talk.mp3'"));
    for (const char* part : {"tiny 75 MB", "small 483 MB", "large-v3-turbo 1.6 GB", "npuscribe model list"})
        CHECK(test::contains(error.next, part));
    CHECK(std::count(error.next.begin(), error.next.end(), '\n') <= 10);
    CHECK(test::contains(missing("turbo", "a.wav").next, "npuscribe -m large-v3-turbo a.wav"));
}

TEST_CASE("a model that is there, or that is a path or unknown, is left to be opened") {
    const Models models;
    std::filesystem::create_directories(models.directory / "base");
    CHECK_NOTHROW(require_model("base", "a.wav"));
    CHECK_NOTHROW(require_model("no-such-model", "a.wav"));
    CHECK_NOTHROW(require_model("models/base", "a.wav"));
}

TEST_CASE("the welcome has three commands; the first fetches a model until there is one") {
    const Models models;
    const auto commands = [] {
        const std::string text = welcome();
        size_t count = 0;
        for (size_t at = 0; (at = text.find("\n  npuscribe ", at)) != std::string::npos; ++at) ++count;
        return count;
    };
    CHECK(commands() == 3);
    CHECK(test::contains(welcome(), "npuscribe model fetch base"));
    std::filesystem::create_directories(models.directory / "tiny.en");
    CHECK(commands() == 3);
    CHECK_FALSE(test::contains(welcome(), "model fetch"));
}
