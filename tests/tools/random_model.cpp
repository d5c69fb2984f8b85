#include "random_model.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <utility>

#include "ggml_writer.h"
#include "model/tensor_checkpoint.h"
#include "model_layout.h"
#include "model_vocabulary.h"

namespace npuscribe::test {
namespace {

namespace fs = std::filesystem;

uint64_t mix(uint64_t x) {  // splitmix64
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
    x = (x ^ x >> 27) * 0x94D049BB133111EBU;
    return x ^ x >> 31;
}

// A tensor's numbers: offset + q / 2^shift for whole q within ±limit.
struct Recipe {
    uint64_t seed = 0;
    int limit = 127;
    int shift = 12;
    float offset = 0;

    int q(size_t index) const {
        const uint64_t range = 2 * static_cast<uint64_t>(limit) + 1;
        return static_cast<int>((mix(seed + index) >> 32) * range >> 32) - limit;
    }
    float value(size_t index) const { return offset + std::ldexp(static_cast<float>(q(index)), -shift); }
};

Recipe recipe(std::string_view name, const std::vector<size_t>& shape, uint64_t seed) {
    Recipe r;
    r.seed = seed;
    for (const char c : name) r.seed = mix(r.seed ^ static_cast<uint8_t>(c));
    if (shape.size() == 1) {
        const bool norm = name.find("ln") != std::string_view::npos && name.ends_with("weight");
        if (norm) return {r.seed, 15, 7, 1.0F};
        return r;
    }
    double fan_in = 1;
    for (size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
    const double deviation = 0.5 / std::sqrt(fan_in);
    r.shift = static_cast<int>(std::lround(std::log2(127 / std::sqrt(3.0) / deviation)));
    return r;
}

uint16_t f16_of(float value) {  // of numbers that binary16 holds as normal ones
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint32_t sign = bits >> 16 & 0x8000U;
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude == 0) return static_cast<uint16_t>(sign);
    return static_cast<uint16_t>(sign | ((magnitude >> 13) - (112U << 10)));
}

class Output {
  public:
    explicit Output(const fs::path& path) : path_(path), stream_(path, std::ios::binary) {}
    ~Output() noexcept(false) {
        stream_.close();
        if (!stream_ && std::uncaught_exceptions() == 0)
            throw std::runtime_error("cannot write " + path_.string());
    }
    void bytes(const void* data, size_t size) {
        stream_.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    }
    void text(std::string_view text) { bytes(text.data(), text.size()); }
    template <class T>
    void number(T value) {
        bytes(&value, sizeof value);
    }

  private:
    fs::path path_;
    std::ofstream stream_;
};

void append(std::vector<char>& buffer, DType dtype, const Recipe& recipe, size_t index) {
    char bytes[4];
    const float value = recipe.value(index);
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint16_t half = dtype == DType::f16 ? f16_of(value) : static_cast<uint16_t>(bits >> 16);
    if (dtype == DType::i8) {
        bytes[0] = static_cast<char>(recipe.q(index));
    } else if (dtype == DType::f32) {
        std::memcpy(bytes, &bits, 4);
    } else {
        std::memcpy(bytes, &half, 2);
    }
    buffer.insert(buffer.end(), bytes, bytes + size_of(dtype));
}

// The parts of a stored tensor one after another, in pieces that fit a cache.
void write_values(Output& out, const StoredTensor& tensor, DType dtype, uint64_t seed) {
    constexpr size_t kPiece = 16384;
    std::vector<char> buffer;
    for (const auto& part : tensor.parts) {
        const size_t count = count_of(part.shape);
        const Recipe numbers = recipe(part.name, part.shape, seed);
        for (size_t begin = 0; begin < count; begin += kPiece) {
            buffer.clear();
            for (size_t i = begin; i < std::min(count, begin + kPiece); ++i) {
                if (part.name.empty()) {
                    buffer.insert(buffer.end(), size_of(dtype), '\0');
                } else {
                    append(buffer, dtype, numbers, i);
                }
            }
            out.bytes(buffer.data(), buffer.size());
        }
    }
}

uint8_t ct2_type(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return 0;
        case DType::i8:
            return 1;
        case DType::i16:
            return 2;
        case DType::i32:
            return 3;
        case DType::f16:
            return 4;
        case DType::bf16:
            return 5;
        default:
            break;  // CTranslate2 has none of the others
    }
    return 0;
}

class Ct2Writer {
  public:
    explicit Ct2Writer(const fs::path& path) : out_(path) {}

    void string(std::string_view text) {
        out_.number(static_cast<uint16_t>(text.size() + 1));
        out_.text(text);
        out_.number('\0');
    }
    void head(std::string_view name, std::span<const size_t> shape, DType dtype) {
        string(name);
        out_.number(static_cast<uint8_t>(shape.size()));
        size_t count = 1;
        for (const size_t dimension : shape) {
            out_.number(static_cast<uint32_t>(dimension));
            count *= dimension;
        }
        out_.number(ct2_type(dtype));
        out_.number(static_cast<uint32_t>(count * size_of(dtype)));
    }
    Output& out() { return out_; }

  private:
    Output out_;
};

bool quantised(const StoredTensor& tensor) {
    return tensor.shape.size() > 1 && tensor.name.find("position") == std::string::npos;
}

void write_ct2(const fs::path& directory, const RandomModel& model) {
    const auto layout = ct2_layout(model.dimensions);
    const bool int8 = model.dtype == DType::i8;
    uint32_t scales = 0;
    for (const auto& tensor : layout) scales += int8 && quantised(tensor) ? 1 : 0;
    Ct2Writer writer(directory / "model.bin");
    writer.out().number(uint32_t{6});
    writer.string("WhisperSpec");
    writer.out().number(uint32_t{3});
    writer.out().number(static_cast<uint32_t>(layout.size() + scales + 2));
    for (const auto& tensor : layout) {
        const DType dtype = !int8 ? model.dtype : quantised(tensor) ? DType::i8 : DType::f16;
        writer.head(tensor.name, tensor.shape, dtype);
        write_values(writer.out(), tensor, dtype, model.seed);
        if (!int8 || !quantised(tensor)) continue;
        writer.head(tensor.name + "_scale", {tensor.shape.data(), 1}, DType::f32);
        for (const auto& part : tensor.parts) {
            const float scale = std::ldexp(1.0F, recipe(part.name, part.shape, model.seed).shift);
            for (size_t row = 0; row < part.shape.front(); ++row) writer.out().number(scale);
        }
    }
    writer.head("encoder/num_heads", {}, DType::i16);
    writer.out().number(static_cast<int16_t>(model.dimensions.n_audio_head));
    writer.head("decoder/num_heads", {}, DType::i16);
    writer.out().number(static_cast<int16_t>(model.dimensions.n_text_head));
    writer.out().number(uint32_t{1});
    writer.string("decoder/projection/weight");
    writer.string("decoder/embeddings/weight");
}

void write_safetensors(const fs::path& path, std::span<const StoredTensor> tensors,
                       const RandomModel& model) {
    const char* type = model.dtype == DType::f32 ? "F32" : model.dtype == DType::f16 ? "F16" : "BF16";
    nlohmann::ordered_json header;
    header["__metadata__"] = {{"format", "pt"}};
    size_t at = 0;
    for (const auto& tensor : tensors) {
        const size_t end = at + count_of(tensor.shape) * size_of(model.dtype);
        header[tensor.name] = {{"dtype", type}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
        at = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    Output out(path);
    out.number(static_cast<uint64_t>(text.size()));
    out.text(text);
    for (const auto& tensor : tensors) write_values(out, tensor, model.dtype, model.seed);
}

void write_hf(const fs::path& directory, const RandomModel& model) {
    const auto layout = hf_layout(model.dimensions);
    if (model.shards <= 1) return write_safetensors(directory / "model.safetensors", layout, model);
    nlohmann::json index;
    const size_t each = (layout.size() + model.shards - 1) / model.shards;
    for (size_t shard = 0, begin = 0; begin < layout.size(); ++shard, begin += each) {
        const std::string name = "model-0000" + std::to_string(shard + 1) + "-of-0000" +
                                 std::to_string(model.shards) + ".safetensors";
        const auto part = std::span(layout).subspan(begin, std::min(each, layout.size() - begin));
        write_safetensors(directory / name, part, model);
        for (const auto& tensor : part) index["weight_map"][tensor.name] = name;
    }
    Output(directory / "model.safetensors.index.json").text(index.dump());
}

void write_random_ggml(const fs::path& path, const RandomModel& model) {
    const auto values = [&](const NamedShape& tensor) {
        std::vector<float> numbers(count_of(tensor.shape));
        for (size_t i = 0; i < numbers.size(); ++i)
            numbers[i] = random_weight(tensor.name, tensor.shape, i, model.seed);
        return numbers;
    };
    write_ggml(path, model.dimensions, model.dtype, made_up_text_tokens(model.dimensions), values);
}

void write_config(const fs::path& directory, const RandomModel& model) {
    const Dimensions& d = model.dimensions;
    const nlohmann::json heads = {{"alignment_heads", {{d.n_text_layer - 1, 0}}}};
    if (model.format == ModelFormat::ct2) {
        Output(directory / "config.json").text(heads.dump());
        return;
    }
    const nlohmann::json config = {{"model_type", "whisper"},
                                   {"num_mel_bins", d.n_mels},
                                   {"d_model", d.n_audio_state},
                                   {"encoder_layers", d.n_audio_layer},
                                   {"encoder_attention_heads", d.n_audio_head},
                                   {"decoder_layers", d.n_text_layer},
                                   {"decoder_attention_heads", d.n_text_head},
                                   {"vocab_size", d.n_vocab}};
    Output(directory / "config.json").text(config.dump());
    Output(directory / "generation_config.json").text(heads.dump());
}

}  // namespace

float random_weight(std::string_view name, const std::vector<size_t>& shape, size_t index, uint64_t seed) {
    return recipe(name, shape, seed).value(index);
}

Dimensions small_dimensions(size_t layers, size_t n_vocab) {
    return {.n_mels = 16,
            .n_audio_ctx = 20,
            .n_audio_state = kHeadSize,
            .n_audio_head = 1,
            .n_audio_layer = layers,
            .n_vocab = n_vocab,
            .n_text_ctx = 12,
            .n_text_state = kHeadSize,
            .n_text_head = 1,
            .n_text_layer = layers};
}

void write_random_model(const fs::path& directory, const RandomModel& model) {
    if (model.dtype == DType::i8 && model.format == ModelFormat::safetensors)
        throw std::runtime_error("int8 is CTranslate2's: choose the format ct2");
    fs::create_directories(directory);
    if (model.format == ModelFormat::ggml) return write_random_ggml(directory / "ggml-model.bin", model);
    if (model.format == ModelFormat::ct2) {
        write_ct2(directory, model);
    } else {
        write_hf(directory, model);
    }
    write_config(directory, model);
    write_vocabulary(directory, model);
}

}  // namespace npuscribe::test
