#include <map>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "model/checkpoint.h"
#include "model/tensor_checkpoint.h"
#include "random_model.h"
#include "temporary_directory.h"
#include "unit/model/random_weights.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

struct Case {
    const char* description;
    ModelFormat format;
    DType dtype;
    size_t shards;
};

const Case kCases[] = {
    {"CTranslate2, f32", ModelFormat::ct2, DType::f32, 1},
    {"CTranslate2, f16", ModelFormat::ct2, DType::f16, 1},
    {"CTranslate2, bf16", ModelFormat::ct2, DType::bf16, 1},
    {"CTranslate2, int8", ModelFormat::ct2, DType::i8, 1},
    {"Hugging Face, f32", ModelFormat::safetensors, DType::f32, 1},
    {"Hugging Face, f16", ModelFormat::safetensors, DType::f16, 1},
    {"Hugging Face, bf16", ModelFormat::safetensors, DType::bf16, 1},
    {"Hugging Face, f16", ModelFormat::safetensors, DType::f16, 3},
};

const Dimensions kSmall = small_dimensions(2, 100);

}  // namespace

TEST_CASE(
    "every tensor comes back under OpenAI's name with the numbers that were written, from every format") {
    const Case which = GENERATE(from_range(std::begin(kCases), std::end(kCases)));
    const TemporaryDirectory directory;
    write_random_model(
        directory.path(),
        {.dimensions = kSmall, .format = which.format, .dtype = which.dtype, .shards = which.shards});
    const auto checkpoint = open_checkpoint(directory.path());
    CHECK(checkpoint->description() == which.description);
    CHECK(checkpoint->dimensions() == kSmall);
    CHECK(checkpoint->alignment_heads() == std::vector<std::pair<int, int>>{{1, 0}});

    CHECK(whisper_tensors(kSmall).size() == 5 + 2 * 15 + 2 + 2 + 2 * 24 + 2);  // counted in whisper/model.py
    check_random_weights(*checkpoint, kSmall);
}

TEST_CASE("rows of a tensor are the same rows of the whole") {
    const DType dtype = GENERATE(DType::f16, DType::i8);
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = kSmall, .dtype = dtype});
    const auto checkpoint = open_checkpoint(directory.path());
    const std::string name = "decoder.token_embedding.weight";
    const auto whole = checkpoint->read(name);
    std::vector<float> rows(3 * kSmall.n_text_state);
    checkpoint->read_rows(name, 97, rows);
    for (size_t i = 0; i < rows.size(); ++i) REQUIRE(rows[i] == whole[97 * kSmall.n_text_state + i]);

    CHECK(contains(message_of<ModelError>([&] { checkpoint->read_rows(name, 98, rows); }),
                   name + " [100, 64] has no such rows: from 98, 192 elements"));
    std::vector<float> part(10);
    CHECK_THROWS_AS(checkpoint->read_rows(name, 0, part), ModelError);
    CHECK_THROWS_AS(checkpoint->read_rows(name, 101, std::span<float>()), ModelError);
}

TEST_CASE("the error for a missing tensor names the tensor and the file") {
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = kSmall});
    const auto checkpoint = open_checkpoint(directory.path());
    CHECK_FALSE(checkpoint->has("encoder.blocks.0.attn.key.bias"));  // Whisper's keys have none
    CHECK(message_of<ModelError>([&] { checkpoint->shape("encoder.blocks.0.attn.key.bias"); }) ==
          (directory / "model.bin").string() + ": has no tensor encoder.blocks.0.attn.key.bias");
    std::vector<float> wrong_size(65);
    CHECK(contains(message_of<ModelError>([&] { checkpoint->read("encoder.ln_post.bias", wrong_size); }),
                   "encoder.ln_post.bias [64] has 64 elements, asked for 65"));
}

TEST_CASE("a Hugging Face model saved without its head has no prefix before its names") {
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = kSmall, .format = ModelFormat::safetensors});
    std::string content = read_file(directory / "model.safetensors");
    size_t changed = 0;
    // The header's length must stay: '"model.encoder' and six blanks less, six blanks more after the opening
    // quote's key.
    for (size_t at = content.find("\"model."); at != std::string::npos;
         at = content.find("\"model.", at + 1)) {
        content.replace(at, 7, "      \"");
        ++changed;
    }
    REQUIRE(changed > 50);
    write_file(directory / "model.safetensors", content);
    const auto checkpoint = open_checkpoint(directory.path());
    CHECK(checkpoint->dimensions() == kSmall);
}

TEST_CASE("alignment heads are optional, and must exist in the model") {
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = kSmall});
    const auto heads = [&](const std::string& config) {
        write_file(directory / "config.json", config);
        return open_checkpoint(directory.path())->alignment_heads();
    };
    CHECK(heads("{}").empty());
    CHECK(heads(R"({"alignment_heads": null})").empty());
    CHECK(heads(R"({"alignment_heads": [[0, 0], [1, 0]]})") ==
          std::vector<std::pair<int, int>>{{0, 0}, {1, 0}});
    for (const char* bad : {R"({"alignment_heads": [[2, 0]]})", R"({"alignment_heads": [[0, 1]]})",
                            R"({"alignment_heads": [[0]]})", R"({"alignment_heads": [["0", 0]]})",
                            R"({"alignment_heads": [[-1, 0]]})", R"({"alignment_heads": 3})",
                            R"({"alignment_heads": [[1e300, 0]]})"}) {
        INFO(bad);
        CHECK(contains(
            message_of<ModelError>([&] { heads(bad); }),
            "config.json: \"alignment_heads\" is not a list of [layer, head] of 2 layers and 1 heads"));
    }
    std::filesystem::remove(directory / "config.json");
    CHECK(open_checkpoint(directory.path())->alignment_heads().empty());
}
