// The errors of open_checkpoint for paths that are no model that it reads.

#include <sys/stat.h>

#include "base/error.h"
#include "catch.h"
#include "model/checkpoint.h"
#include "random_model.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

std::string refusal(const std::filesystem::path& path) {
    std::string message = message_of<ModelError>([&] { open_checkpoint(path); });
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.starts_with(path.string()));
    return message;
}

}  // namespace

TEST_CASE("a path without a model is refused with what it is and what was expected") {
    const TemporaryDirectory directory;
    CHECK(contains(refusal(directory / "missing"),
                   "there is no such file or directory; expected a directory with model.bin"));

    write_file(directory / "ggml-base.bin", "lmgg\x51\xCA");
    CHECK(contains(refusal(directory / "ggml-base.bin"), "is cut short or damaged"));
    CHECK(contains(refusal(directory.path()), "its ggml-base.bin is a whisper.cpp model: give that file"));
    write_file(directory / "base.gguf", "GGUF");
    CHECK(contains(refusal(directory / "base.gguf"), "is a GGUF model, which is not read; expected"));

    write_file(directory / "base.pt", "PK\x03\x04 and so on");
    CHECK(contains(refusal(directory / "base.pt"), "is a damaged zip file"));
    write_file(directory / "old.pt", "\x80\x02 and so on");
    CHECK(contains(refusal(directory / "old.pt"),
                   "is a PyTorch checkpoint from before 2020 or damaged, which is not read"));

    write_file(directory / "notes.txt", "hello");
    CHECK(contains(refusal(directory / "notes.txt"), "is not a model; expected"));

    write_file(directory / "model.bin", "");
    CHECK(contains(refusal(directory / "model.bin"),
                   "is only one file of a model; give its directory, " + directory.path().string()));
}

TEST_CASE("a directory without a model is refused, and says how to save a PyTorch one") {
    const TemporaryDirectory directory;
    CHECK(contains(refusal(directory.path()), "there is no model here; expected a directory with model.bin"));
    write_file(directory / "pytorch_model.bin", "PK\x03\x04");
    CHECK(contains(refusal(directory.path()), "safe_serialization=True"));
}

TEST_CASE("a named pipe in the place of model.bin does not make the program wait") {
    const TemporaryDirectory directory;
    REQUIRE(mkfifo((directory / "model.bin").c_str(), 0600) == 0);
    CHECK_THROWS_AS(open_checkpoint(directory.path()), ModelError);
}

TEST_CASE("a Hugging Face model of another kind is named as such") {
    const TemporaryDirectory directory;
    write_random_model(directory.path(),
                       {.dimensions = small_dimensions(1, 100), .format = ModelFormat::safetensors});
    write_file(directory / "config.json", R"({"model_type": "wav2vec2"})");
    CHECK(contains(refusal(directory.path()), "\"model_type\" is not \"whisper\""));
    write_file(directory / "config.json", R"({"model_type": "whisper", "decoder_layers": 2})");
    CHECK(contains(refusal(directory.path()), "\"decoder_layers\" is 2, but the tensors make it 1"));
    write_file(directory / "config.json", R"({"model_type": "whisper", "encoder_attention_heads": 2})");
    CHECK(contains(refusal(directory.path()), "\"encoder_attention_heads\" is 2, but the tensors make it 1"));
    write_file(directory / "config.json", R"({"d_model": "64"})");
    CHECK(contains(refusal(directory.path()), "\"d_model\" is a string, expected a whole number"));
    write_file(directory / "config.json", "{\"d_model\": ");
    CHECK(contains(refusal(directory.path()), "config.json: is not JSON"));
    write_file(directory / "config.json", "[]");
    CHECK(contains(refusal(directory.path()), "config.json: holds no JSON object"));
}

TEST_CASE("an index of shards cannot lead out of its directory") {
    const TemporaryDirectory directory;
    const auto index = [&](const std::string& file) {
        write_file(directory / "model.safetensors.index.json", R"({"weight_map": {"a": ")" + file + R"("}})");
        return refusal(directory.path());
    };
    CHECK(contains(index("../other.safetensors"), "names a file that is no *.safetensors beside it"));
    CHECK(contains(index("/etc/passwd"), "names a file that is no *.safetensors beside it"));
    CHECK(
        contains(index("gone.safetensors"), "gone.safetensors: cannot be opened: No such file or directory"));
}
