// The file that `npuscribe model convert` writes (model/container.h), and the errors for files that only look
// like one.

#include "model/container.h"

#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bfp16/panels.h"
#include "catch.h"
#include "model/model.h"
#include "model/tensor_checkpoint.h"
#include "random_model.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

std::string converted(const Model& source) {
    ThreadPool pool(2);
    std::string bytes;
    container::write(*source.checkpoint, source.tokenizer, "a test", pool,
                     [&](std::string_view piece) { bytes += piece; });
    return bytes;
}

/// A whole converted model of one layer, and its parts: header and tensors.
struct Example {
    TemporaryDirectory directory;
    Model source;
    std::string bytes;
    nlohmann::json header;
    std::string tensors;

    explicit Example(DType dtype = DType::f16, ModelFormat format = ModelFormat::safetensors)
        : source(make(directory, dtype, format)), bytes(converted(source)) {
        uint64_t size = 0;
        std::memcpy(&size, bytes.data(), sizeof size);
        header = nlohmann::json::parse(bytes.substr(8, size));
        tensors = bytes.substr(8 + size);
    }
    static Model make(const TemporaryDirectory& directory, DType dtype, ModelFormat format) {
        write_random_model(directory / "source",
                           {.dimensions = small_dimensions(1, 51865), .format = format, .dtype = dtype});
        return load_model((directory / "source").string());
    }
    std::filesystem::path write(const std::string& content) const {
        write_file(directory / "small.npuscribe", content);
        return directory / "small.npuscribe";
    }
    /// The file with another header, or with other tensors.
    std::string with(const nlohmann::json& other_header) const { return joined(other_header, tensors); }
    std::string with(const std::string& other_tensors) const { return joined(header, other_tensors); }
    static std::string joined(const nlohmann::json& header, const std::string& tensors) {
        const std::string text = header.dump();
        const uint64_t size = text.size();
        std::string start(sizeof size, '\0');
        std::memcpy(start.data(), &size, sizeof size);
        return start + text + tensors;
    }
    std::string refusal(const std::string& content) const {
        const auto file = write(content);
        const std::string message = message_of<ModelError>([&] { load_model(file.string()); });
        CHECK(message.starts_with(file.string() + ": "));
        CHECK(message.find('\n') == std::string::npos);
        return message;
    }
};

bool is_matrix(const NamedShape& tensor) {
    return tensor.shape.size() == 2 && tensor.name.find("positional") == std::string::npos;
}

}  // namespace

TEST_CASE("a converted model holds its source's matrices in BFP16 and everything else unchanged") {
    const auto [format, dtype] =
        GENERATE(table<ModelFormat, DType>({{ModelFormat::ct2, DType::f16},
                                            {ModelFormat::safetensors, DType::bf16},
                                            {ModelFormat::safetensors, DType::f32}}));
    const Example example(dtype, format);
    const Model model = load_model(example.write(example.bytes).string());
    CHECK(model.name == "small");
    CHECK(model.dimensions() == small_dimensions(1, 51865));
    CHECK(model.checkpoint->alignment_heads() == example.source.checkpoint->alignment_heads());
    CHECK(contains(model.checkpoint->description(), example.source.checkpoint->description()));
    size_t matrices = 0;
    for (const NamedShape& tensor : whisper_tensors(model.dimensions())) {
        INFO(tensor.name);
        REQUIRE(model.checkpoint->shape(tensor.name) == tensor.shape);
        const auto original = example.source.checkpoint->Checkpoint::read(tensor.name);
        const auto values = model.checkpoint->Checkpoint::read(tensor.name);
        const auto panels = model.checkpoint->panels(tensor.name);
        REQUIRE(panels.has_value() == is_matrix(tensor));
        CHECK_FALSE(example.source.checkpoint->panels(tensor.name).has_value());
        if (!panels) {
            CHECK(std::equal(values.begin(), values.end(), original.begin(), original.end()));
            continue;
        }
        ++matrices;
        const auto wanted =
            bfp16::quantise(original.matrix(tensor.shape[0], tensor.shape[1]), bfp16::Rounding::nearest_even);
        const size_t n = tensor.shape[0], k = tensor.shape[1];
        REQUIRE(panels->size() == bfp16::panel_bytes(n, k));
        CHECK(reinterpret_cast<uintptr_t>(panels->data()) % 64 == 0);
        std::vector<uint8_t> blocks(wanted.size());
        bfp16::unpack_panels(panels->data(), k, 0, n, blocks.data());
        REQUIRE(blocks == wanted);
        std::vector<float> decoded(original.size());
        bfp16::dequantise(wanted, {decoded.data(), n, k});
        REQUIRE(std::equal(values.begin(), values.end(), decoded.begin(), decoded.end()));
        std::vector<float> rows(3 * k);
        model.checkpoint->read_rows(tensor.name, n - 3, rows);
        REQUIRE(std::equal(rows.begin(), rows.end(), decoded.end() - static_cast<std::ptrdiff_t>(3 * k)));
    }
    CHECK(matrices == 6 + 10 + 1);  // an encoder layer, a decoder layer, the token embedding
}

TEST_CASE("a converted model carries its tokenizer") {
    const Example example;
    const Model model = load_model(example.write(example.bytes).string());
    for (Token token = 0; token < model.tokenizer.eot(); ++token)
        REQUIRE(model.tokenizer.bytes({&token, 1}) == example.source.tokenizer.bytes({&token, 1}));
    const std::string text = "Übung macht den Meister.";
    CHECK(model.tokenizer.encode(text) == example.source.tokenizer.encode(text));
}

TEST_CASE("a converted model is a safetensors file of panels, one after the other") {
    const Example example;
    const auto& embedding = example.header.at("decoder.token_embedding.weight");
    CHECK(embedding.at("dtype") == "U8");
    CHECK(embedding.at("shape") == nlohmann::json({811, 64 / 8, 576}));  // 51865 of 51904 rows
    CHECK(example.header.at("encoder.conv1.weight").at("dtype") == "F16");
    CHECK(example.header.at("__metadata__").at("format_version") == "2");
    CHECK((8 + example.header.dump().size()) <= example.bytes.size() - example.tensors.size());
    CHECK((example.bytes.size() - example.tensors.size()) % 64 == 0);
    // The first exponent is that of the largest of the first row's first eight values.
    const auto values = example.source.checkpoint->Checkpoint::read("decoder.token_embedding.weight");
    float largest = 0;
    for (size_t i = 0; i < 8; ++i) largest = std::max(largest, std::abs(values[i]));
    const auto at = embedding.at("data_offsets").at(0).get<size_t>();
    CHECK(static_cast<uint8_t>(example.tensors[at + 512]) == std::ilogb(largest) + 127);
}

TEST_CASE("query, key and value of a converted model are one matrix") {
    const Example example;
    const Model model = load_model(example.write(example.bytes).string());
    for (const std::string block : {"encoder.blocks.0.attn.", "decoder.blocks.0.cross_attn."}) {
        const auto query = model.checkpoint->panels(block + "query.weight");
        const auto key = model.checkpoint->panels(block + "key.weight");
        const auto value = model.checkpoint->panels(block + "value.weight");
        CHECK(key->data() == query->data() + query->size());
        CHECK(value->data() == key->data() + key->size());
    }
}

TEST_CASE("a name stands for the converted file, not its directory, unless the original is preferred") {
    const Example example;
    const char* before = std::getenv("NPUSCRIBE_MODELS");
    const std::string saved = before != nullptr ? before : "";
    setenv("NPUSCRIBE_MODELS", example.directory.path().c_str(), 1);
    write_file(example.directory / "source.npuscribe", example.bytes);
    CHECK(load_model("source").path == example.directory / "source.npuscribe");
    CHECK(load_model("source").name == "source");
    CHECK(load_model("source", Prefer::original).path == example.directory / "source");
    std::filesystem::remove_all(example.directory / "source");
    CHECK(load_model("source", Prefer::original).path == example.directory / "source.npuscribe");
    CHECK(load_model((example.directory / "source.npuscribe").string()).name == "source");
    saved.empty() ? unsetenv("NPUSCRIBE_MODELS") : setenv("NPUSCRIBE_MODELS", saved.c_str(), 1);
}

TEST_CASE("a converted file cut off anywhere is refused") {
    const Example example;
    for (size_t size = 0; size < example.bytes.size(); size += 1 + example.bytes.size() / 40)
        example.refusal(example.bytes.substr(0, size));
}

TEST_CASE("a converted file with inconsistent metadata is refused with what is wrong") {
    const Example example;
    const auto changed = [&](const char* key, const char* value) {
        auto header = example.header;
        header["__metadata__"][key] = value;
        return example.refusal(example.with(header));
    };
    CHECK(contains(changed("format", "pt"), "not one that npuscribe model convert wrote"));
    CHECK(contains(changed("format_version", "1"),
                   "has format version 1, but this npuscribe reads version 2; convert"));
    CHECK(contains(changed("format_version", "\x1B[2J\n"), "has format version ?[2J?"));
    CHECK(contains(changed("dimensions", "{"), "is not JSON"));
    CHECK(contains(changed("dimensions", "[]"), "\"dimensions\" is not a JSON object"));
    CHECK(
        contains(changed("dimensions", "{\"n_mels\": 80}"), "\"n_mels\" is 80, but the tensors make it 16"));
    CHECK(contains(changed("alignment_heads", "[[5, 0]]"), "alignment_heads"));
    for (const char* key : {"format_version", "dimensions", "alignment_heads", "source"}) {
        auto header = example.header;
        header["__metadata__"].erase(key);
        CHECK(contains(example.refusal(example.with(header)), "lacks \"" + std::string(key) + "\""));
    }
}

TEST_CASE("a converted file with an inconsistent vocabulary is refused with what is wrong") {
    const Example example;
    const auto changed = [&](const std::function<void(nlohmann::json&)>& change) {
        auto header = example.header;
        change(header);
        return example.refusal(example.with(header));
    };
    CHECK(contains(changed([](auto& header) { header.erase("vocabulary"); }), "it has no vocabulary"));
    const auto size = example.header.at("vocabulary").at("shape").at(0).get<size_t>();
    CHECK(contains(changed([&](auto& header) {
                       header["vocabulary"]["shape"] = {1, size};
                   }),
                   "its vocabulary has shape [1, " + std::to_string(size) + "] in uint8"));
    CHECK(contains(changed([&](auto& header) { header["vocabulary"]["dtype"] = "I8"; }), "in int8"));
    CHECK(contains(changed([&](auto& header) {
                       header["vocabulary"]["shape"] = {size - 1};
                       header["vocabulary"]["data_offsets"][0] =
                           header["vocabulary"]["data_offsets"][0].template get<size_t>() + 1;
                   }),
                   "50257 tokens that add up to"));
    auto tensors = example.tensors;
    const auto at = example.header.at("vocabulary").at("data_offsets").at(0).get<size_t>();
    REQUIRE(tensors[at] == 1);  // '!'
    tensors[at + 50257] = '?';
    CHECK(contains(example.refusal(example.with(tensors)), "has no token for byte 33"));
}

TEST_CASE("a matrix of a converted file must have whole panels, and as many as it should") {
    const Example example;
    const std::string name = "encoder.blocks.0.mlp.0.weight";  // [256 × 64]: 4 panels of 8 blocks
    const auto reshaped = [&](const nlohmann::json& shape, const std::string& tensor) {
        auto header = example.header;
        header[tensor]["shape"] = shape;
        return example.refusal(example.with(header));
    };
    CHECK(contains(reshaped({2, 16, 576}, name), name + " has shape [128, 128], expected [256, 64]"));
    CHECK(contains(reshaped({4, 16, 288}, name), "has no tensor " + name));
    CHECK(contains(reshaped({256, 72}, name), "has no tensor " + name));
    CHECK(contains(reshaped({4, 8, 577}, name), "has shape [4, 8, 577] in uint8, but 18432 bytes"));
    auto header = example.header;
    header.erase(name);
    CHECK(contains(example.refusal(example.with(header)), "has no tensor " + name));
    // The token embedding's rows that are no padding are stated.
    header = example.header;
    auto dimensions = nlohmann::json::parse(header["__metadata__"]["dimensions"].get<std::string>());
    dimensions["n_vocab"] = 51839;
    header["__metadata__"]["dimensions"] = dimensions.dump();
    CHECK(contains(example.refusal(example.with(header)), "\"n_vocab\" is 51839, but the tensors make it"));
}

TEST_CASE("a block exponent that no weight has is found when the tensor is read") {
    const Example example;
    const std::string name = "encoder.blocks.0.mlp.0.weight";
    const auto at = example.header.at(name).at("data_offsets").at(0).get<size_t>();
    std::string tensors = example.tensors;
    tensors[at + 576 + 512 + 3] = static_cast<char>(255);  // row 3, block 1
    const auto file = example.write(example.with(tensors));
    const Model model = load_model(file.string());
    const std::string message = message_of<ModelError>([&] { model.checkpoint->Checkpoint::read(name); });
    CHECK(message ==
          file.string() + ": is damaged: a block of tensor " + name + " has an exponent above 237");
}

TEST_CASE("weights that BFP16 cannot hold are not converted") {
    const TemporaryDirectory directory;
    write_random_model(
        directory / "m",
        {.dimensions = small_dimensions(1, 51865), .format = ModelFormat::safetensors, .dtype = DType::f32});
    std::string bytes = read_file(directory / "m" / "model.safetensors");
    uint64_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof size);
    const auto header = nlohmann::json::parse(bytes.substr(8, size));
    const auto at = header.at("model.encoder.layers.0.fc1.weight").at("data_offsets").at(0).get<size_t>();
    const float bad = 0x1p120F;
    std::memcpy(bytes.data() + 8 + size + at + 4 * (64 * 7 + 3), &bad, sizeof bad);
    write_file(directory / "m" / "model.safetensors", bytes);
    const Model source = load_model((directory / "m").string());
    CHECK(contains(message_of<ModelError>([&] { converted(source); }),
                   "tensor encoder.blocks.0.mlp.0.weight holds Inf, NaN or 2^111 and more in row 7"));
}
