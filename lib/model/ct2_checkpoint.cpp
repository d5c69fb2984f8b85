#include "model/ct2_checkpoint.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "model/byte_cursor.h"
#include "model/catalog.h"
#include "model/file_kind.h"
#include "model/json_file.h"
#include "model/tensor_checkpoint.h"
#include "model/tensor_names.h"

namespace npuscribe::ct2 {
namespace {

constexpr uint32_t kOldestVersion = 2;  // the first with a spec name; Whisper came with 6
constexpr uint32_t kNewestVersion = 6;
constexpr uint32_t kNewestRevision = 3;

class Cursor : public ByteCursor {
  public:
    using ByteCursor::ByteCursor;

    // uint16 length that counts the terminating zero, then the bytes.
    std::string string(const char* what) {
        const auto bytes = take(number<uint16_t>(what), what);
        std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (!text.empty() && text.back() == '\0') text.pop_back();
        for (const char c : text) {
            if (c <= ' ' || c > '~')  // names end up in messages
                throw ModelError(fmt::format("{}: is damaged: {} is not plain text", file(), what));
        }
        return text;
    }
};

// CTranslate2's DataType, in its order (include/ctranslate2/types.h).
constexpr std::array kTypes = {DType::f32, DType::i8, DType::i16, DType::i32, DType::f16, DType::bf16};

DType type_of_item_size(size_t bytes) {
    return bytes == 4 ? DType::f32 : bytes == 2 ? DType::i16 : DType::i8;
}

std::pair<std::string, TensorData> read_variable(Cursor& cursor, uint32_t version, const std::string& file) {
    std::string name = cursor.string("a variable's name");
    TensorData data;
    const auto rank = cursor.number<uint8_t>("a variable's rank");
    for (size_t i = 0; i < rank; ++i) data.shape.push_back(cursor.number<uint32_t>("a variable's shape"));

    size_t bytes = 0;
    if (version >= 4) {
        const auto type = cursor.number<uint8_t>("a variable's type");
        if (type >= kTypes.size())
            throw ModelError(fmt::format("{}: variable {} has the unknown data type {}", file, name, type));
        data.dtype = kTypes[type];
        bytes = cursor.number<uint32_t>("a variable's size");
    } else {
        const auto item_size = cursor.number<uint8_t>("a variable's item size");
        if (item_size != 1 && item_size != 2 && item_size != 4)
            throw ModelError(fmt::format("{}: variable {} has items of {} bytes", file, name, item_size));
        data.dtype = type_of_item_size(item_size);
        bytes = size_t{cursor.number<uint32_t>("a variable's size")} * item_size;
    }
    const auto count = element_count(data.shape);
    if (!count || *count > bytes || *count * size_of(data.dtype) != bytes)
        throw ModelError(fmt::format("{}: variable {} has shape {} in {}, but {} bytes", file, name,
                                     to_string(data.shape), npuscribe::name(data.dtype), bytes));
    data.bytes = cursor.take(bytes, "a variable's values");
    return {std::move(name), std::move(data)};
}

// Joins each quantised variable with its "<name>_scale": one a row for int8, one for all for int16.
void attach_scales(Contents& contents, const std::string& file) {
    for (auto& [name, data] : contents.variables) {
        if ((data.dtype != DType::i8 && data.dtype != DType::i16) || data.shape.empty()) continue;
        const auto scale = contents.variables.find(name + "_scale");
        if (scale == contents.variables.end()) continue;  // such as a string, kept as int8
        const TensorData& scales = scale->second;
        const size_t n_scales = scales.count();
        const bool whole_rows = n_scales != 0 && data.shape.front() != 0 &&
                                n_scales % data.shape.front() == 0 && data.count() % n_scales == 0;
        if (scales.dtype != DType::f32 || (n_scales != 1 && !whole_rows))
            throw ModelError(fmt::format("{}: variable {} {} has {} scales in {}", file, name,
                                         to_string(data.shape), n_scales, npuscribe::name(scales.dtype)));
        data.scales = scales.bytes;
    }
}

void read_aliases(Cursor& cursor, Contents& contents, const std::string& file) {
    const auto count = cursor.number<uint32_t>("the number of aliases");
    for (uint32_t i = 0; i < count; ++i) {
        const std::string alias = cursor.string("an alias");
        const std::string target = cursor.string("an alias's target");
        const auto found = contents.variables.find(target);
        if (found == contents.variables.end())
            throw ModelError(
                fmt::format("{}: alias {} stands for {}, which is not there", file, alias, target));
        contents.variables.emplace(alias, found->second);
    }
}

// One OpenAI module name inside a block, and where CTranslate2 keeps it: rows [slice, slice + 1) of `slices`
// equal parts.
struct BlockEntry {
    std::string_view openai;
    std::string_view ct2;
    size_t slice = 0;
    size_t slices = 1;
};

constexpr BlockEntry kBlock[] = {
    {"attn.query", "self_attention/linear_0", 0, 3},
    {"attn.key", "self_attention/linear_0", 1, 3},
    {"attn.value", "self_attention/linear_0", 2, 3},
    {"attn.out", "self_attention/linear_1"},
    {"attn_ln", "self_attention/layer_norm"},
    {"cross_attn.query", "attention/linear_0"},
    {"cross_attn.key", "attention/linear_1", 0, 2},
    {"cross_attn.value", "attention/linear_1", 1, 2},
    {"cross_attn.out", "attention/linear_2"},
    {"cross_attn_ln", "attention/layer_norm"},
    {"mlp.0", "ffn/linear_0"},
    {"mlp.2", "ffn/linear_1"},
    {"mlp_ln", "ffn/layer_norm"},
};

constexpr std::pair<std::string_view, std::string_view> kOutsideBlocks[] = {
    {"encoder.conv1.weight", "encoder/conv1/weight"},
    {"encoder.conv1.bias", "encoder/conv1/bias"},
    {"encoder.conv2.weight", "encoder/conv2/weight"},
    {"encoder.conv2.bias", "encoder/conv2/bias"},
    {"encoder.positional_embedding", "encoder/position_encodings/encodings"},
    {"encoder.ln_post.weight", "encoder/layer_norm/gamma"},
    {"encoder.ln_post.bias", "encoder/layer_norm/beta"},
    {"decoder.token_embedding.weight", "decoder/embeddings/weight"},
    {"decoder.positional_embedding", "decoder/position_encodings/encodings"},
    {"decoder.ln.weight", "decoder/layer_norm/gamma"},
    {"decoder.ln.bias", "decoder/layer_norm/beta"},
};

std::optional<TensorData> lookup(const Contents& contents, std::string_view name) {
    const auto found = contents.variables.find(name);
    if (found == contents.variables.end()) return std::nullopt;
    return found->second;
}

// A scalar such as "encoder/num_heads" (int16).
std::optional<size_t> attribute(const Contents& contents, std::string_view name) {
    const auto found = contents.variables.find(name);
    if (found == contents.variables.end() || found->second.count() != 1) return std::nullopt;
    float value = 0;
    found->second.read({&value, 1});
    return value >= 0 && value < 65536 ? std::optional(static_cast<size_t>(value)) : std::nullopt;
}

void check_heads(const Contents& contents, const char* name, size_t wanted, const std::string& file) {
    const auto heads = attribute(contents, name);
    if (heads && *heads != wanted)
        throw ModelError(fmt::format("{}: {} is {}, expected {} heads of 64", file, name, *heads, wanted));
}

}  // namespace

Contents parse(std::span<const std::byte> bytes, const std::string& file) {
    Cursor cursor(bytes, file);
    Contents contents;
    contents.version = cursor.number<uint32_t>("the version");
    if (contents.version < kOldestVersion || contents.version > kNewestVersion)
        throw ModelError(fmt::format("{}: is not a CTranslate2 model of version {} to {} (it begins with {})",
                                     file, kOldestVersion, kNewestVersion, contents.version));
    contents.spec = cursor.string("the model's kind");
    if (contents.spec != "WhisperSpec")
        throw ModelError(fmt::format("{}: is a CTranslate2 model of another kind: {}, expected WhisperSpec",
                                     file, contents.spec));
    contents.revision = cursor.number<uint32_t>("the revision");
    if (contents.revision > kNewestRevision)
        throw ModelError(
            fmt::format("{}: has WhisperSpec revision {}, but npuscribe reads revisions up to {}", file,
                        contents.revision, kNewestRevision));
    const auto n_variables = cursor.number<uint32_t>("the number of variables");
    for (uint32_t i = 0; i < n_variables; ++i) {
        auto variable = read_variable(cursor, contents.version, file);
        const auto [place, added] = contents.variables.insert(std::move(variable));
        if (!added) throw ModelError(fmt::format("{}: has variable {} twice", file, place->first));
    }
    attach_scales(contents, file);
    if (contents.version >= 3) read_aliases(cursor, contents, file);
    return contents;
}

std::optional<TensorData> find(const Contents& contents, std::string_view openai_name) {
    for (const auto& [openai, ct2] : kOutsideBlocks) {
        if (openai == openai_name) return lookup(contents, ct2);
    }
    const auto place = parse_block_name(openai_name);
    if (!place) return std::nullopt;
    for (const BlockEntry& entry : kBlock) {
        if (entry.openai != place->module) continue;
        const bool norm = entry.ct2.ends_with("layer_norm");
        const std::string_view parameter = !norm                          ? place->parameter
                                           : place->parameter == "weight" ? std::string_view("gamma")
                                                                          : std::string_view("beta");
        auto whole = lookup(
            contents, fmt::format("{}/layer_{}/{}/{}", place->part, place->layer, entry.ct2, parameter));
        if (!whole || entry.slices == 1) return whole;
        if (whole->shape.empty() || whole->shape.front() == 0 || whole->shape.front() % entry.slices != 0)
            return std::nullopt;
        const size_t rows = whole->shape.front() / entry.slices;
        return whole->rows(entry.slice * rows, rows);
    }
    return std::nullopt;
}

bool recognises(const std::filesystem::path& path) {
    return is_plain_file(path / "model.bin");
}

std::unique_ptr<Checkpoint> open(const std::filesystem::path& directory) {
    const std::filesystem::path path = directory / "model.bin";
    const std::string file = path.string();
    std::vector<MappedFile> files;
    files.emplace_back(path);
    const Contents contents = parse(files.front().bytes(), file);
    auto checkpoint = std::make_unique<TensorCheckpoint>(
        [&](std::string_view name) { return find(contents, name); }, file, "CTranslate2", std::move(files));
    const Dimensions& d = checkpoint->dimensions();
    check_heads(contents, "encoder/num_heads", d.n_audio_head, file);
    check_heads(contents, "decoder/num_heads", d.n_text_head, file);
    const std::filesystem::path config = directory / "config.json";
    auto heads = read_alignment_heads(read_json_object_if_there(config), d.n_text_layer, d.n_text_head,
                                      config.string());
    const CatalogEntry* like = heads.empty() ? find_in_catalog(d, directory.filename().string()) : nullptr;
    checkpoint->set_alignment_heads(like != nullptr ? like->alignment_heads : heads);
    return checkpoint;
}

}  // namespace npuscribe::ct2
