// Compares the model `base` with values that numpy read from the same file (tests/data/checkpoint_base.json).

#include <cmath>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "data_paths.h"
#include "model/checkpoint.h"
#include "needs.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

TEST_CASE("tensors of base have the shapes, norms and values that another reader finds", "[needs-models]") {
    const auto path = need_model("base");
    const auto checkpoint = open_checkpoint(path);
    const auto golden = nlohmann::json::parse(read_file(test_data("checkpoint_base.json")));
    REQUIRE(golden.size() == 23);
    for (const auto& tensor : golden) {
        const std::string name = tensor["name"];
        INFO(name);
        REQUIRE(checkpoint->shape(name) == tensor["shape"].get<std::vector<size_t>>());
        const auto values = checkpoint->read(name);
        double sum = 0;
        double squares = 0;
        for (const float value : values) {
            sum += value;
            squares += double{value} * value;
        }
        const double norm = tensor["norm"];
        CHECK(std::sqrt(squares) == Approx(norm).epsilon(1e-10));
        CHECK(std::abs(sum - tensor["sum"].get<double>()) < 1e-9 * norm * std::sqrt(values.size()));
        for (const auto& place : tensor["values"]) {
            CHECK(double{values[place[0].get<size_t>()]} == place[1].get<double>());
        }
    }
}

TEST_CASE("base has the dimensions of OpenAI's base, and its alignment heads", "[needs-models]") {
    const auto path = need_model("base");
    const auto checkpoint = open_checkpoint(path);
    const Dimensions wanted = {.n_mels = 80,
                               .n_audio_ctx = 1500,
                               .n_audio_state = 512,
                               .n_audio_head = 8,
                               .n_audio_layer = 6,
                               .n_vocab = 51865,
                               .n_text_ctx = 448,
                               .n_text_state = 512,
                               .n_text_head = 8,
                               .n_text_layer = 6};
    CHECK(checkpoint->dimensions() == wanted);
    // whisper/__init__.py, _ALIGNMENT_HEADS["base"]
    CHECK(checkpoint->alignment_heads() ==
          std::vector<std::pair<int, int>>{{3, 1}, {4, 2}, {4, 3}, {4, 7}, {5, 1}, {5, 2}, {5, 4}, {5, 6}});
}

TEST_CASE("the encoder's position table is OpenAI's sinusoids, rounded to f16", "[needs-models]") {
    const auto path = need_model("base");
    const auto table = open_checkpoint(path)->read("encoder.positional_embedding");
    double worst = 0;
    for (size_t frame = 0; frame < 1500; frame += 37) {
        for (size_t i = 0; i < 256; ++i) {  // whisper/model.py: sinusoids
            const double angle =
                static_cast<double>(frame) * std::exp(-std::log(10000.0) / 255 * static_cast<double>(i));
            worst = std::max(worst, std::abs(std::sin(angle) - double{table[frame * 512 + i]}));
            worst = std::max(worst, std::abs(std::cos(angle) - double{table[frame * 512 + 256 + i]}));
        }
    }
    CHECK(worst < 1e-3);
}
