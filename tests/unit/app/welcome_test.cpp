#include "welcome.h"

#include "catch.h"
#include "unit/app/models_for_test.h"

using namespace npuscribe;
using namespace npuscribe::app;

TEST_CASE("the welcome has three commands, and says what the first run downloads until there is a model") {
    const test::Models models;
    const auto commands = [] {
        const std::string text = welcome();
        size_t count = 0;
        for (size_t at = 0; (at = text.find("\n  npuscribe ", at)) != std::string::npos; ++at) ++count;
        return count;
    };
    CHECK(commands() == 3);
    CHECK(test::contains(welcome(), "The first run downloads the model base: 148 MB"));
    std::filesystem::create_directories(models.directory / "tiny.en");
    CHECK(commands() == 3);
    CHECK_FALSE(test::contains(welcome(), "downloads"));
}
