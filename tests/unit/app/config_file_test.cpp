#include "config_file.h"

#include <filesystem>

#include "temporary_directory.h"
#include "transcribe_command.h"

using namespace npuscribe;
using namespace npuscribe::app;
using test_support::TranscribeCommand;

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
    TranscribeCommand transcribe;
    return test::message_of<UsageError>([&] { apply_config(file.path(), transcribe.command); });
}

}  // namespace

TEST_CASE("a config file sets what the command line did not", "[app]") {
    const ConfigFile file(
        "# mine\n"
        "language = \"de\"\n"
        "beam_size = 5\n"
        "vad = false\n"
        "output-format = [\"srt\", \"txt\"]\n"
        "clip-timestamps = [0, 10]\n");
    TranscribeCommand transcribe;
    const TranscribeSettings& settings = transcribe.settings;
    transcribe.read({"--language", "fr"});
    apply_config(file.path(), transcribe.command);
    CHECK(settings.session.transcribe.language == "fr");
    CHECK(settings.session.transcribe.decoding.beam_size == 5);
    CHECK_FALSE(settings.session.transcribe.vad);
    CHECK(settings.formats == "srt,txt");
    CHECK(settings.clip_timestamps == std::vector<audio::Clip>{{0, 10}});
}

TEST_CASE("what is wrong with a config file is said with its name", "[app]") {
    const auto tells = [](const std::string& text, const std::string& part) {
        CHECK(test::contains(refusal(text), "config.toml: "));  // the file
        CHECK(test::contains(refusal(text), part));
    };
    tells("langage = \"de\"\n", "unknown option --langage; did you mean --language?");
    tells("beam-size = \"many\"\n",
          "invalid value 'many' for --beam-size: expected a whole number from 1 to 64");
    tells("vad = \"perhaps\"\n", "invalid value 'perhaps' for --vad: expected true or false");
    tells("[transcribe]\nlanguage = \"de\"\n", "unexpected heading [transcribe]");
    tells("config = \"other.toml\"\n", "cannot name another");
    tells("no_vad = true\n", "unknown option --no-vad");
    tells("help = true\n", "unknown option --help");
    tells("vad =\n", "invalid value '' for --vad: expected true or false");
    tells("model = []\n", "model has an empty list");
    tells("beam_size = 5\nlanguage = \"de\"\nbeam-size = 6\n", "beam-size is given more than once");
    TranscribeCommand transcribe;
    CHECK(test::message_of<UsageError>([&] { apply_config("/no/such/file.toml", transcribe.command); }) ==
          "invalid value '/no/such/file.toml' for --config: expected a TOML file that can be read, or none");
}

TEST_CASE("none is no config file at all", "[app]") {
    TranscribeCommand transcribe;
    apply_config("none", transcribe.command);
    CHECK(transcribe.settings.session.transcribe.language.empty());
}
