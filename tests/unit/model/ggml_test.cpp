// whisper.cpp's model files.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data_paths.h"
#include "ggml_writer.h"
#include "model/catalog.h"
#include "model/ggml_blocks.h"
#include "model/ggml_checkpoint.h"
#include "model/model.h"
#include "model/tensor_checkpoint.h"
#include "random_model.h"
#include "temporary_directory.h"
#include "unit/model/random_weights.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr std::pair<const char*, DType> kBlockTypes[] = {{"q8_0", DType::q8_0},
                                                         {"q5_0", DType::q5_0},
                                                         {"q5_1", DType::q5_1},
                                                         {"q4_0", DType::q4_0},
                                                         {"q4_1", DType::q4_1}};

// tests/data/ggml_blocks.txt: some values and what the Python package gguf converts them to.
struct Golden {
    std::string bytes;
    std::vector<float> values;
};

std::vector<float> floats(std::istream& line) {
    std::vector<float> values;
    for (std::string word; line >> word;) values.push_back(std::stof(word));
    return values;
}

std::map<std::string, Golden> read_golden() {
    std::map<std::string, Golden> golden;
    std::ifstream file(test_data("ggml_blocks.txt"));
    for (std::string text; std::getline(file, text);) {
        std::istringstream line(text);
        std::string type;
        std::string hex;
        line >> type;
        Golden& entry = golden[type];
        if (type != "values") line >> hex;
        for (size_t i = 0; i < hex.size(); i += 2)
            entry.bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
        entry.values = floats(line);
    }
    return golden;
}

template <class T>
std::string number(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

std::string sizes(std::initializer_list<int32_t> values) {
    std::string bytes;
    for (const int32_t value : values) bytes += number(value);
    return bytes;
}

// A file without tensors: magic, dimensions, the type of most tensors, two mel filters of one bin.
std::string head(int32_t type, int32_t n_vocab = 100) {
    return "lmgg" + sizes({n_vocab, 20, 64, 1, 1, 12, 64, 1, 1, 2, type}) + sizes({2, 1}) + number(0.5F) +
           number(0.5F);
}

std::string tensor(const std::string& name, std::initializer_list<int32_t> dimensions, int32_t type,
                   const std::string& values) {
    return sizes({static_cast<int32_t>(dimensions.size()), static_cast<int32_t>(name.size()), type}) +
           sizes(dimensions) + name + values;
}

ggml::Contents parse(const std::string& bytes) {
    return ggml::parse({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, "m");
}

std::string error(const std::string& bytes) {
    return message_of<ModelError>([&] { parse(bytes); });
}

const std::string kNoTokens = sizes({0});

}  // namespace

TEST_CASE("blocks hold the values that ggml's own Python package reads from them") {
    const auto golden = read_golden();
    for (const auto& [name, dtype] : kBlockTypes) {
        INFO(name);
        const Golden& expected = golden.at(name);
        const size_t count = expected.values.size();
        REQUIRE(count == 6 * ggml::kBlockSize);
        REQUIRE(bytes_of(dtype, count) == expected.bytes.size());
        std::vector<float> values(count);
        to_f32(dtype, reinterpret_cast<const std::byte*>(expected.bytes.data()), values.data(), count);
        for (size_t i = 0; i < count; ++i) REQUIRE(values[i] == Approx(expected.values[i]).epsilon(1e-6));
        // The models that the other tests read are written by ggml's rounding too.
        CHECK(ggml_bytes(dtype, golden.at("values").values) == expected.bytes);
    }
}

TEST_CASE("every tensor of a whisper.cpp model comes back with the numbers that were written") {
    const DType dtype = GENERATE(DType::f32, DType::f16);
    const Dimensions small = small_dimensions(2, 51864);
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = small, .format = ModelFormat::ggml, .dtype = dtype});
    const auto checkpoint = open_checkpoint(directory / "ggml-model.bin");
    CHECK(checkpoint->description() == (dtype == DType::f32 ? "whisper.cpp, f32" : "whisper.cpp, f16"));
    CHECK(checkpoint->dimensions() == small);
    check_random_weights(*checkpoint, small);
}

TEST_CASE("quantised matrices are within half a step of their original values") {
    const auto [dtype, bits] =
        GENERATE(std::pair(DType::q8_0, 8), std::pair(DType::q5_0, 5), std::pair(DType::q5_1, 5),
                 std::pair(DType::q4_0, 4), std::pair(DType::q4_1, 4));
    const Dimensions small = small_dimensions(1, 51864);
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = small, .format = ModelFormat::ggml, .dtype = dtype});
    const auto checkpoint = open_checkpoint(directory / "ggml-model.bin");
    CHECK(checkpoint->description() == "whisper.cpp, " + std::string(name(dtype)));
    const std::string matrix = "encoder.blocks.0.mlp.2.weight";
    const std::vector<size_t> shape = {64, 256};
    REQUIRE(checkpoint->shape(matrix) == shape);
    const auto values = checkpoint->read(matrix);
    float largest = 0;
    for (size_t i = 0; i < values.size(); ++i)
        largest = std::max(largest, std::fabs(random_weight(matrix, shape, i, 1)));
    // A step of the range from -largest to +largest; a whole one if the far end is cut off (q4_0, q5_0).
    const float step = 2 * largest / static_cast<float>((1 << bits) - 2);
    for (size_t i = 0; i < values.size(); ++i)
        REQUIRE(std::fabs(values[i] - random_weight(matrix, shape, i, 1)) <= 1.01F * step);

    std::vector<float> rows(2 * 256);
    checkpoint->read_rows(matrix, 62, rows);
    for (size_t i = 0; i < rows.size(); ++i) REQUIRE(rows[i] == values[62 * 256 + i]);
}

TEST_CASE("a whisper.cpp file carries its tokenizer") {
    const TemporaryDirectory directory;
    const size_t n_vocab = GENERATE(size_t{51864}, size_t{51865}, size_t{51866});
    write_random_model(directory.path(),
                       {.dimensions = small_dimensions(1, n_vocab), .format = ModelFormat::ggml});
    const Model model = load_model((directory / "ggml-model.bin").string());
    CHECK(model.name == "ggml-model");
    CHECK(model.tokenizer.n_vocab() == n_vocab);
    CHECK(model.tokenizer.eot() == (n_vocab == 51864 ? 50256 : 50257));
    CHECK(model.tokenizer.timestamp_begin() + 1501 == static_cast<Token>(n_vocab));
    const std::string text = "Übung\nmacht den Meister.";
    CHECK(model.tokenizer.decode(model.tokenizer.encode(text)) == text);
}

TEST_CASE("the tokens of a vocabulary may be any bytes") {
    const std::string bytes =
        head(1) + sizes({4, 1}) + "a" + sizes({0, 2}) + " \n" + sizes({1}) + std::string(1, '\0');
    CHECK(parse(bytes).vocabulary == "a\n\nĠĊ\nĀ\n");
}

TEST_CASE("alignment heads are those of the catalog's model of these dimensions") {
    const auto heads = [](const char* name, const char* file_name) {
        return find_in_catalog(find_in_catalog(name)->dimensions, file_name)->alignment_heads;
    };
    // openai/whisper, whisper/__init__.py: _ALIGNMENT_HEADS, decoded.
    const std::vector<std::pair<int, int>> turbo = {{2, 4}, {2, 11}, {3, 3}, {3, 6}, {3, 11}, {3, 14}};
    CHECK(heads("turbo", "ggml-large-v3-turbo-q5_0.bin") == turbo);
    CHECK(heads("large-v1", "ggml-large-v1.bin") == find_in_catalog("large-v1")->alignment_heads);
    CHECK(heads("large-v1", "ggml-large-v2.bin") == find_in_catalog("large-v2")->alignment_heads);
    CHECK(heads("large-v1", "model.bin") == find_in_catalog("large-v2")->alignment_heads);
    CHECK(find_in_catalog(small_dimensions(1, 51865), "ggml-base.bin") == nullptr);
}

TEST_CASE("a ggml file that is no Whisper model, or too old, is refused as such") {
    CHECK(contains(error("lmg"), "m: is cut short or damaged: the magic number at byte 0 needs 4 bytes"));
    CHECK(contains(error("GGUF"), "m: is not a whisper.cpp model"));
    CHECK(contains(error("lmgg" + sizes({0})), "not of a Whisper model, or damaged: n_vocab is 0"));
    CHECK(contains(error("lmgg" + sizes({51864, -1})), "n_audio_ctx is -1"));
    CHECK(contains(error("lmgg" + sizes({51864, 1 << 30})), "n_audio_ctx is 1073741824"));
    CHECK(contains(error(head(1008)), "quantised in ggml's format version 1, but npuscribe reads version 2"));
    CHECK(contains(error(head(8)), "format version 0"));
    CHECK(parse(head(2008) + kNoTokens).tensors.empty());
    CHECK(parse(head(1) + kNoTokens).dimensions.n_vocab == 100);
}

TEST_CASE("everything that a whisper.cpp file counts must lie inside it") {
    const std::string start = "lmgg" + sizes({100, 20, 64, 1, 1, 12, 64, 1, 1, 80, 1});
    CHECK(contains(error(start + sizes({81, 201})), "has 81 mel filters, but n_mels is 80"));
    CHECK(contains(error(start + sizes({80, 1 << 20})), "the mel filters at byte 56 needs 335544320 bytes"));
    CHECK(contains(error(head(1) + sizes({-1})), "a token's length at byte 68 needs 4 bytes"));
    CHECK(contains(error(head(1) + sizes({1, -1}) + "abc"), "a token at byte 72 needs 4294967295 bytes"));

    const std::string good = tensor("t", {2}, 0, std::string(8, 'x'));
    const auto with = [&](const std::string& bytes) { return error(head(1) + kNoTokens + bytes); };
    CHECK(parse(head(1) + kNoTokens + good).tensors.at("t").shape == std::vector<size_t>{2});
    CHECK(contains(with(good + good), "it has tensor t twice"));
    CHECK(contains(with(tensor("t", {3}, 0, std::string(8, 'x'))), "a tensor's values at byte"));
    CHECK(contains(with(tensor("t", {}, 0, "")), "a tensor has 0 dimensions"));
    CHECK(contains(with(tensor("t", {1, 1, 1, 1, 1}, 0, "")), "a tensor has 5 dimensions"));
    CHECK(contains(with(sizes({-1, 1, 0})), "a tensor has 4294967295 dimensions"));
    CHECK(contains(with(tensor("t", {-2}, 0, "")), "a tensor's dimension is -2"));
    CHECK(contains(with(tensor("t", {1 << 20, 1 << 20, 1 << 20, 1 << 20}, 0, "")), "tensor t has shape"));
    CHECK(contains(with(tensor("t", {1 << 20, 1 << 20, 1 << 20, 1}, 0, "")), "needs 4611686018427387904"));
    CHECK(contains(with(sizes({1, -1, 0, 2})), "a tensor's name at byte"));
    CHECK(contains(with(tensor("t\x1B[2J", {2}, 0, std::string(8, 'x'))), "name is not plain text"));
    CHECK(contains(with(tensor("t", {32}, 12, std::string(18, 'x'))),
                   "tensor t has ggml's type 12; npuscribe reads f32, f16, q4_0"));
    CHECK(
        contains(with(tensor("t", {33, 2}, 2, std::string(36, 'x'))), "tensor t has shape [2, 33] in q4_0"));
    CHECK(contains(with(good + "xx"), "a tensor's rank at byte"));
}

TEST_CASE("a whisper.cpp file cut off anywhere, or lying about its dimensions, is refused") {
    const TemporaryDirectory directory;
    const auto file = directory / "ggml-model.bin";
    write_random_model(directory.path(),
                       {.dimensions = small_dimensions(1, 100), .format = ModelFormat::ggml});
    const std::string whole = read_file(file);
    for (size_t size = 4; size < whole.size(); size += 1 + whole.size() / 40) {
        write_file(file, whole.substr(0, size));
        const std::string message = message_of<ModelError>([&] { open_checkpoint(file); });
        REQUIRE(message.starts_with(file.string() + ": "));
    }
    std::string lying = whole;
    lying[4] = 99;  // n_vocab
    write_file(file, lying);
    CHECK(contains(message_of<ModelError>([&] { open_checkpoint(file); }),
                   "n_vocab is 99, but the tensors make it 100"));
}
