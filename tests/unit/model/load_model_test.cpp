#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "catch.h"
#include "model/model.h"
#include "random_model.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

// Sets an environment variable, or removes it (null), and restores it.
class Environment {
  public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        set(value);
    }
    ~Environment() { set(old_ ? old_->c_str() : nullptr); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    void set(const char* value) const {
        if (value != nullptr) {
            setenv(name_, value, 1);
        } else {
            unsetenv(name_);
        }
    }
    const char* name_;
    std::optional<std::string> old_;
};

// Runs in another directory, because a model's name may also be a directory here, and goes back.
class WorkingDirectory {
  public:
    explicit WorkingDirectory(const std::filesystem::path& path) : before_(std::filesystem::current_path()) {
        std::filesystem::current_path(path);
    }
    ~WorkingDirectory() { std::filesystem::current_path(before_); }
    WorkingDirectory(const WorkingDirectory&) = delete;
    WorkingDirectory& operator=(const WorkingDirectory&) = delete;

  private:
    std::filesystem::path before_;
};

}  // namespace

TEST_CASE("models live in NPUSCRIBE_MODELS, else in the XDG cache, else in ~/.cache") {
    const Environment home("HOME", "/home/someone");
    {
        const Environment models("NPUSCRIBE_MODELS", "/models");
        CHECK(models_directory() == "/models");
    }
    const Environment models("NPUSCRIBE_MODELS", "");  // empty is unset
    {
        const Environment cache("XDG_CACHE_HOME", "/cache");
        CHECK(models_directory() == "/cache/npuscribe/models");
    }
    const Environment cache("XDG_CACHE_HOME", nullptr);
    CHECK(models_directory() == "/home/someone/.cache/npuscribe/models");
    const Environment no_home("HOME", nullptr);
    CHECK_THROWS_AS(models_directory(), ModelError);
}

TEST_CASE("a model loads by its directory and by its name, with its tokenizer") {
    const TemporaryDirectory models;
    const Environment environment("NPUSCRIBE_MODELS", models.path().c_str());
    const ModelFormat format = GENERATE(ModelFormat::ct2, ModelFormat::safetensors);
    write_random_model(models / "tiny", {.dimensions = small_dimensions(1, 51865), .format = format});

    for (const std::string& given :
         {std::string("tiny"), (models / "tiny").string(), (models / "tiny/").string()}) {
        const Model model = load_model(given);
        CHECK(model.name == "tiny");
        CHECK(model.dimensions() == small_dimensions(1, 51865));
        const auto tokens = model.tokenizer.encode("Übung macht den Meister.");
        CHECK(model.tokenizer.decode(tokens) == "Übung macht den Meister.");
    }
}

TEST_CASE("a name stands for a fetched model, else for a directory of that name") {
    const TemporaryDirectory models;
    const TemporaryDirectory here;
    const Environment environment("NPUSCRIBE_MODELS", models.path().c_str());
    const WorkingDirectory inside(here.path());
    write_random_model(here / "tiny", {.dimensions = small_dimensions(1, 51865)});
    CHECK(load_model("tiny").path == "tiny");
    write_random_model(models / "tiny", {.dimensions = small_dimensions(1, 51865)});
    CHECK(load_model("tiny").path == models / "tiny");
    CHECK(load_model("./tiny").path == "./tiny");
}

TEST_CASE("the error for a missing model says how to get it") {
    const TemporaryDirectory models;
    const WorkingDirectory inside(models.path());
    const Environment environment("NPUSCRIBE_MODELS", models.path().c_str());
    const auto refusal = [](const std::string& name) {
        return message_of<ModelError>([&] { load_model(name); });
    };
    CHECK(refusal("base") ==
          "model base is not in " + models.path().string() + "; fetch it with npuscribe model fetch base");
    CHECK(contains(refusal("turbo"), "fetch it with npuscribe model fetch large-v3-turbo"));
    CHECK(
        contains(refusal("bse"),
                 "no model bse: there is no such directory or file, and the known names are tiny, tiny.en"));
    CHECK(contains(refusal("/no/where"), "no model /no/where"));
    CHECK(contains(refusal(""), "no model given"));
    CHECK(message_of<ModelError>([] { vad_weights(); }) ==
          "the voice activity model is not in " + models.path().string() +
              "; fetch it with npuscribe model fetch silero-vad");
    write_file(models / "silero_vad_16k.safetensors", "x");
    CHECK(vad_weights() == models / "silero_vad_16k.safetensors");
}

TEST_CASE("a model whose vocabulary is of another size than Whisper's is refused") {
    const TemporaryDirectory models;
    write_random_model(models / "odd", {.dimensions = small_dimensions(1, 100)});
    CHECK(contains(message_of<ModelError>([&] { load_model((models / "odd").string()); }),
                   "the model has 100 tokens; Whisper's vocabularies have 51864"));
}
