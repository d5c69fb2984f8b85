// Damaged and inconsistent files. Each gives one ModelError that names the file and says what is wrong.

#include <cstring>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "model/checkpoint.h"
#include "model/ct2_checkpoint.h"
#include "model/safetensors.h"
#include "random_model.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

template <class T>
std::string number(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

std::string ct2_string(const std::string& text) {
    return number(static_cast<uint16_t>(text.size() + 1)) + text + '\0';
}

std::string ct2_head(uint32_t variables) {
    return number(uint32_t{6}) + ct2_string("WhisperSpec") + number(uint32_t{3}) + number(variables);
}

std::span<const std::byte> view(const std::string& bytes) {
    return {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
}

std::string ct2_error(const std::string& bytes) {
    return message_of<ModelError>([&] { ct2::parse(view(bytes), "m"); });
}

std::string safetensors_error(const std::string& header) {
    const std::string bytes = number(uint64_t{header.size()}) + header + std::string(16, '\0');
    return message_of<ModelError>([&] { safetensors::parse(view(bytes), "m"); });
}

}  // namespace

TEST_CASE("a model.bin of another kind or version is refused as such") {
    CHECK(contains(ct2_error(""),
                   "m: is cut short or damaged: the version at byte 0 needs 4 bytes, the file has 0"));
    CHECK(contains(ct2_error(number(uint32_t{7})), "(it begins with 7)"));
    CHECK(contains(ct2_error(number(uint32_t{0x04034B50})), "is not a CTranslate2 model of version 2 to 6"));
    CHECK(contains(ct2_error(number(uint32_t{6}) + ct2_string("TransformerSpec")),
                   "of another kind: TransformerSpec, expected WhisperSpec"));
    CHECK(contains(ct2_error(number(uint32_t{6}) + ct2_string("WhisperSpec") + number(uint32_t{4})),
                   "has WhisperSpec revision 4"));
    CHECK(contains(ct2_error(number(uint32_t{6}) + ct2_string("Wh\n\x1B[2J")), "is not plain text"));
}

TEST_CASE("a variable of model.bin must lie inside the file and have the size its shape says") {
    const std::string f32(1, '\0');
    CHECK(contains(ct2_error(ct2_head(0xFFFFFFFF)), "a variable's name at byte 26 needs 2 bytes"));
    CHECK(contains(
        ct2_error(ct2_head(1) + ct2_string("a") + '\x01' + number(uint32_t{4}) + f32 + number(uint32_t{15})),
        "variable a has shape [4] in f32, but 15 bytes"));
    CHECK(contains(
        ct2_error(ct2_head(1) + ct2_string("a") + '\x01' + number(uint32_t{4}) + f32 + number(uint32_t{16})),
        "a variable's values at byte 40 needs 16 bytes, the file has 0 more"));
    CHECK(contains(
        ct2_error(ct2_head(1) + ct2_string("a") + std::string(1, '\0') + '\x09' + number(uint32_t{4})),
        "variable a has the unknown data type 9"));
    // 2^32 elements thrice do not fit 64 bits; 2^31 × 2^31 × 4 bytes wraps round to 0.
    const std::string huge = number(uint32_t{0xFFFFFFFF});
    CHECK(contains(
        ct2_error(ct2_head(1) + ct2_string("a") + '\x03' + huge + huge + huge + f32 + number(uint32_t{0})),
        "variable a has shape"));
    const std::string wrap = number(uint32_t{0x80000000});
    CHECK(
        contains(ct2_error(ct2_head(1) + ct2_string("a") + '\x02' + wrap + wrap + f32 + number(uint32_t{0})),
                 "variable a has shape"));
    const std::string a = ct2_string("a") + std::string(1, '\0') + '\x01' + number(uint32_t{1}) + 'x';
    CHECK(contains(ct2_error(ct2_head(2) + a + a), "has variable a twice"));
    CHECK(contains(ct2_error(ct2_head(1) + a + number(uint32_t{1}) + ct2_string("b") + ct2_string("c")),
                   "alias b stands for c, which is not there"));
}

TEST_CASE("int8 rows need one positive scale each") {
    const auto rows = ct2_string("a") + '\x02' + number(uint32_t{2}) + number(uint32_t{2}) + '\x01' +
                      number(uint32_t{4}) + std::string("\x01\x02\x03\xFC", 4);
    const auto scales = [](std::initializer_list<float> values) {
        std::string bytes = ct2_string("a_scale") + '\x01' + number(static_cast<uint32_t>(values.size())) +
                            '\0' + number(static_cast<uint32_t>(4 * values.size()));
        for (const float value : values) bytes += number(value);
        return bytes + number(uint32_t{0});
    };
    CHECK(contains(ct2_error(ct2_head(2) + rows + scales({1, 2, 3})), "variable a [2, 2] has 3 scales"));
    CHECK(contains(ct2_error(ct2_head(2) + rows + scales({})), "variable a [2, 2] has 0 scales"));

    const std::string good = ct2_head(2) + rows + scales({2, 4});
    const auto contents = ct2::parse(view(good), "m");
    std::vector<float> out(4);
    REQUIRE(contents.variables.at("a").read(out));
    CHECK(out == std::vector<float>{0.5F, 1.0F, 0.75F, -1.0F});  // q / scale of its row

    for (const float bad : {0.0F, -1.0F, std::numeric_limits<float>::infinity(), std::nanf("")}) {
        const std::string bytes = ct2_head(2) + rows + scales({2, bad});
        CHECK_FALSE(ct2::parse(view(bytes), "m").variables.at("a").read(out));
    }
}

TEST_CASE("a safetensors header must be JSON that fits the file") {
    const auto parse = [](const std::string& bytes) {
        return message_of<ModelError>([&] { safetensors::parse(view(bytes), "m"); });
    };
    CHECK(contains(parse("abc"), "m: is not a safetensors file: it has 3 bytes"));
    CHECK(contains(parse(number(uint64_t{100}) + "{}"),
                   "its header should have 100 bytes, the file has 2 more"));
    CHECK(contains(parse(number(~uint64_t{0}) + "{}"), "its header should have 18446744073709551615 bytes"));
    CHECK(contains(safetensors_error("{\"a\": "), "its safetensors header: is not JSON"));
    CHECK(contains(safetensors_error("{\"a\xFF\": 1}"), "is not JSON"));
    CHECK(contains(safetensors_error("[1]"), "its safetensors header is not a JSON object"));
    CHECK(contains(safetensors_error(std::string(100000, '[')), "is not JSON"));
}

TEST_CASE("a safetensors tensor must lie inside the file and have the size its shape says") {
    const auto tensor = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
        return safetensors_error(R"({"t": {"dtype": )" + dtype + R"(, "shape": )" + shape +
                                 R"(, "data_offsets": )" + offsets + "}}");
    };
    CHECK(contains(tensor("\"F32\"", "[4]", "[0, 17]"), "m: tensor t lies at bytes 0 to 17 of 16"));
    CHECK(contains(tensor("\"F32\"", "[4]", "[8, 4]"), "tensor t lies at bytes 8 to 4 of 16"));
    CHECK(contains(tensor("\"F32\"", "[3]", "[0, 16]"), "tensor t has shape [3] in f32, but 16 bytes"));
    CHECK(contains(tensor("\"F16\"", "[9223372036854775808, 2]", "[0, 0]"), "in f16, but 0 bytes"));
    CHECK(contains(tensor("\"F32\"", "[4611686018427387904]", "[0, 0]"), "in f32, but 0 bytes"));
    CHECK(contains(tensor("\"F32\"", "[-4]", "[0, 16]"), "a shape that is not a list of sizes"));
    CHECK(contains(tensor("\"F32\"", "[4.0]", "[0, 16]"), "a shape that is not a list of sizes"));
    CHECK(contains(tensor("\"F32\"", "4", "[0, 16]"), "lacks a shape or data_offsets"));
    CHECK(contains(tensor("\"F32\"", "[4]", "[0]"), "lacks a shape or data_offsets"));
    CHECK(contains(tensor("\"F32\"", "[4]", "[0, 1e2]"), "lacks a shape or data_offsets"));
    CHECK(contains(tensor("7", "[4]", "[0, 16]"), "tensor t has no dtype"));
    CHECK(contains(safetensors_error(R"({"t": 3})"), "tensor t is not described by a JSON object"));
    CHECK(contains(safetensors_error("{\"a\\nb\": 3}"), "tensor a?b is not"));
}

TEST_CASE("a model cut off anywhere is refused") {
    const ModelFormat format = GENERATE(ModelFormat::ct2, ModelFormat::safetensors);
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = small_dimensions(1, 100), .format = format});
    const auto file = directory / (format == ModelFormat::ct2 ? "model.bin" : "model.safetensors");
    const std::string whole = read_file(file);
    for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 40) {
        write_file(file, whole.substr(0, size));
        const std::string message = message_of<ModelError>([&] { open_checkpoint(directory.path()); });
        REQUIRE(message.starts_with(file.string() + ": "));
    }
}

TEST_CASE("a tensor that is missing or of the wrong shape is named") {
    const TemporaryDirectory directory;
    write_random_model(directory.path(), {.dimensions = small_dimensions(2, 100)});
    const std::string whole = read_file(directory / "model.bin");
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = whole;
        changed.replace(changed.find(from), from.size(), to);
        write_file(directory / "model.bin", changed);
        return message_of<ModelError>([&] { open_checkpoint(directory.path()); });
    };
    CHECK(contains(with("encoder/layer_1/ffn/linear_1/bias", "encoder/layer_1/ffn/linear_9/bias"),
                   "has no tensor encoder.blocks.1.mlp.2.bias"));
    CHECK(contains(with("decoder/embeddings/weight", "decoder/embeddings/Weight"),
                   "decoder/embeddings/weight"));
    CHECK(contains(with("encoder/conv1/weight", "encoder/conv9/weight"),
                   "is not a Whisper model: it has no tensor encoder.conv1.weight"));
    const std::string shape = "decoder/layer_0/attention/linear_1/weight" + std::string("\0\x02", 2);
    CHECK(contains(with(shape + number(uint32_t{128}) + number(uint32_t{64}),
                        shape + number(uint32_t{64}) + number(uint32_t{128})),
                   "tensor decoder.blocks.0.cross_attn.key.weight has shape [32, 128], expected [64, 64]"));
    const std::string heads = "encoder/num_heads" + std::string("\0\0\x02", 3) + number(uint32_t{2});
    CHECK(contains(with(heads + number(uint16_t{1}), heads + number(uint16_t{2})),
                   "encoder/num_heads is 2, expected 1 heads of 64"));
}
