#include "config_file.h"

#include <filesystem>

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"
#include "transcribe_options.h"

using namespace npuscribe;
using namespace npuscribe::app;

namespace {

/// A config file of one test.
class ConfigFile {
  public:
    explicit ConfigFile(const std::string& text) : path_(directory_.write("config.toml", text)) {}
    std::string path() const { return path_.string(); }

  private:
    test::TemporaryDirectory directory_;
    std::filesystem::path path_;
};

std::string refusal(const std::string& text) {
    const ConfigFile file(text);
    TranscribeSettings settings;
    const auto options = transcribe_options(settings);
    return test::message_of<UsageError>([&] { apply_config(file.path(), options, {}); });
}

}  // namespace

TEST_CASE("a config file sets what the command line did not", "[app]") {
    const ConfigFile file(
        "# mine\n"
        "language = \"de\"\n"
        "beam_size = 5\n"
        "vad = false\n"
        "output-format = [\"srt\", \"txt\"]\n");
    TranscribeSettings settings;
    const auto options = transcribe_options(settings);
    settings.language = "fr";  // as the command line did
    apply_config(file.path(), options, {"language"});
    CHECK(settings.language == "fr");
    CHECK(settings.transcribe.decoding.beam_size == 5);
    CHECK_FALSE(settings.transcribe.vad);
    CHECK(settings.formats == "srt,txt");
}

TEST_CASE("what is wrong with a config file is said with its name", "[app]") {
    CHECK(test::contains(refusal("langage = \"de\"\n"), "did you mean language?"));
    CHECK(test::contains(refusal("beam-size = \"many\"\n"), "beam-size: 'many' was given"));
    CHECK(test::contains(refusal("[transcribe]\nlanguage = \"de\"\n"), "without a heading"));
    CHECK(test::contains(refusal("config = \"other.toml\"\n"), "cannot name another"));
    TranscribeSettings settings;
    const auto options = transcribe_options(settings);
    CHECK(
        test::contains(test::message_of<UsageError>([&] { apply_config("/no/such/file.toml", options, {}); }),
                       "/no/such/file.toml cannot be read"));
}

TEST_CASE("none is no config file at all", "[app]") {
    TranscribeSettings settings;
    const auto options = transcribe_options(settings);
    apply_config("none", options, {});
    CHECK(settings.language == "auto");
}
