#include "model/ggml_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "model/byte_cursor.h"
#include "model/byte_pairs.h"
#include "model/catalog.h"
#include "model/file_kind.h"
#include "model/ggml_blocks.h"
#include "model/tensor_checkpoint.h"
#include "model/vocabulary_files.h"

namespace npuscribe::ggml {
namespace {

constexpr uint32_t kMagic = 0x67676D6C;      // "ggml" read as one number, "lmgg" in the file
constexpr int32_t kVersionFactor = 1000;     // the type of most tensors is given as version × 1000 + type
constexpr int32_t kQuantisationVersion = 2;  // since May 2023; blocks were laid out otherwise before
constexpr int32_t kMostlyF16 = 1;            // and 0 is all f32; above are the quantised ones
constexpr int32_t kLargestDimension = 1 << 20;
constexpr size_t kMaxRank = 4;

// ggml_type, of those that are read (ggml.h).
constexpr std::pair<int32_t, DType> kTypes[] = {
    {0, DType::f32},  {1, DType::f16},  {2, DType::q4_0}, {3, DType::q4_1},
    {6, DType::q5_0}, {7, DType::q5_1}, {8, DType::q8_0}, {30, DType::bf16},
};

size_t dimension(ByteCursor& cursor, const char* what) {
    const auto value = cursor.number<int32_t>(what);
    if (value <= 0 || value > kLargestDimension)
        throw ModelError(fmt::format("{}: is a ggml file, but not of a Whisper model, or damaged: {} is {}",
                                     cursor.file(), what, value));
    return static_cast<size_t>(value);
}

Dimensions read_dimensions(ByteCursor& cursor) {
    Dimensions d;
    d.n_vocab = dimension(cursor, "n_vocab");
    d.n_audio_ctx = dimension(cursor, "n_audio_ctx");
    d.n_audio_state = dimension(cursor, "n_audio_state");
    d.n_audio_head = dimension(cursor, "n_audio_head");
    d.n_audio_layer = dimension(cursor, "n_audio_layer");
    d.n_text_ctx = dimension(cursor, "n_text_ctx");
    d.n_text_state = dimension(cursor, "n_text_state");
    d.n_text_head = dimension(cursor, "n_text_head");
    d.n_text_layer = dimension(cursor, "n_text_layer");
    d.n_mels = dimension(cursor, "n_mels");
    return d;
}

// Blocks of an older version have the same names and other bytes: they would be read as noise.
void check_version(int32_t type_of_most, const std::string& file) {
    const int32_t version = type_of_most / kVersionFactor;
    const int32_t type = type_of_most % kVersionFactor;
    if (type > kMostlyF16 && version != kQuantisationVersion)
        throw ModelError(fmt::format(
            "{}: is quantised in ggml's format version {}, but npuscribe reads version {}; quantise it again "
            "with a whisper.cpp of June 2023 or later",
            file, version, kQuantisationVersion));
}

void skip_mel_filters(ByteCursor& cursor, const Dimensions& d) {
    const size_t n_mels = dimension(cursor, "the number of mel filters");
    const size_t n_bins = dimension(cursor, "the size of a mel filter");
    if (n_mels != d.n_mels)
        throw ModelError(fmt::format("{}: is damaged: it has {} mel filters, but n_mels is {}", cursor.file(),
                                     n_mels, d.n_mels));
    cursor.take(n_mels * n_bins * sizeof(float), "the mel filters");
}

std::string_view take_text(ByteCursor& cursor, size_t size, const char* what) {
    const auto bytes = cursor.take(size, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string read_vocabulary(ByteCursor& cursor) {
    std::string lines;
    const auto count = cursor.number<uint32_t>("the number of tokens");
    for (uint32_t i = 0; i < count; ++i) {
        const auto size = cursor.number<uint32_t>("a token's length");
        append_gpt2_text(take_text(cursor, size, "a token"), lines);
        lines += '\n';
    }
    return lines;
}

DType type_of(int32_t type, const std::string& tensor, const std::string& file) {
    std::string known;
    for (const auto& [number, dtype] : kTypes) {
        if (number == type) return dtype;
        known += (known.empty() ? "" : ", ") + std::string(name(dtype));
    }
    throw ModelError(
        fmt::format("{}: tensor {} has ggml's type {}; npuscribe reads {}", file, tensor, type, known));
}

std::pair<std::string, TensorData> read_tensor(ByteCursor& cursor) {
    const std::string& file = cursor.file();
    const auto rank = cursor.number<uint32_t>("a tensor's rank");
    const auto name_size = cursor.number<uint32_t>("the length of a tensor's name");
    const auto type = cursor.number<int32_t>("a tensor's type");
    if (rank == 0 || rank > kMaxRank)
        throw ModelError(fmt::format("{}: is damaged: a tensor has {} dimensions", file, rank));
    TensorData data;
    for (uint32_t i = 0; i < rank; ++i) data.shape.push_back(dimension(cursor, "a tensor's dimension"));
    std::reverse(data.shape.begin(), data.shape.end());
    std::string tensor(take_text(cursor, name_size, "a tensor's name"));
    if (std::any_of(tensor.begin(), tensor.end(), [](char c) { return c <= ' ' || c > '~'; }))
        throw ModelError(fmt::format("{}: is damaged: a tensor's name is not plain text",
                                     file));  // it ends up in messages
    data.dtype = type_of(type, tensor, file);
    const auto count = element_count(data.shape);
    if (!count || (is_blocks(data.dtype) && data.shape.back() % kBlockSize != 0))
        throw ModelError(fmt::format("{}: is damaged: tensor {} has shape {} in {}", file, tensor,
                                     to_string(data.shape), npuscribe::name(data.dtype)));
    // Four dimensions of 2^20 are too many for size_t, and then element_count gives nothing; four bytes each
    // of fewer could still be.
    if (*count > SIZE_MAX / sizeof(float))
        throw ModelError(
            fmt::format("{}: is damaged: tensor {} has shape {}", file, tensor, to_string(data.shape)));
    data.bytes = cursor.take(bytes_of(data.dtype, *count), "a tensor's values");
    return {std::move(tensor), std::move(data)};
}

void check_dimensions(const Dimensions& stated, const Dimensions& d, const std::string& file) {
    for (const auto& [name, member] : kDimensionFields) {
        if (stated.*member != d.*member)
            throw ModelError(fmt::format("{}: is damaged: {} is {}, but the tensors make it {}", file, name,
                                         stated.*member, d.*member));
    }
}

class GgmlCheckpoint final : public TensorCheckpoint {
  public:
    GgmlCheckpoint(Contents contents, const std::string& file, std::vector<MappedFile> files)
        : TensorCheckpoint([&](std::string_view name) { return find(contents, name); }, file, "whisper.cpp",
                           std::move(files)),
          file_(file),
          vocabulary_(std::move(contents.vocabulary)) {}
    std::optional<BytePairs> vocabulary(size_t n_text) const override {
        return parse_vocabulary(vocabulary_, n_text, file_);
    }

  private:
    std::string file_;
    std::string vocabulary_;
};

}  // namespace

bool recognises(const std::filesystem::path& path) {
    return first_bytes(path, 4) == "lmgg";
}

Contents parse(std::span<const std::byte> bytes, const std::string& file) {
    ByteCursor cursor(bytes, file);
    if (cursor.number<uint32_t>("the magic number") != kMagic)
        throw ModelError(
            fmt::format("{}: is not a whisper.cpp model: it does not begin with \"lmgg\"", file));
    Contents contents;
    contents.dimensions = read_dimensions(cursor);
    check_version(cursor.number<int32_t>("the type of most tensors"), file);
    skip_mel_filters(cursor, contents.dimensions);
    contents.vocabulary = read_vocabulary(cursor);
    while (!cursor.at_end()) {
        const auto [place, added] = contents.tensors.insert(read_tensor(cursor));
        if (!added)
            throw ModelError(fmt::format("{}: is damaged: it has tensor {} twice", file, place->first));
    }
    return contents;
}

std::optional<TensorData> find(const Contents& contents, std::string_view openai_name) {
    const auto found = contents.tensors.find(openai_name);
    if (found == contents.tensors.end()) return std::nullopt;
    TensorData tensor = found->second;
    const bool convolution = openai_name == "encoder.conv1.bias" || openai_name == "encoder.conv2.bias";
    if (convolution && tensor.shape.size() == 2 && tensor.shape[1] == 1) tensor.shape.pop_back();
    return tensor;
}

std::unique_ptr<Checkpoint> open(const std::filesystem::path& path) {
    const std::string file = path.string();
    std::vector<MappedFile> files;
    files.emplace_back(path);
    Contents contents = parse(files.front().bytes(), file);
    const Dimensions stated = contents.dimensions;
    auto checkpoint = std::make_unique<GgmlCheckpoint>(std::move(contents), file, std::move(files));
    check_dimensions(stated, checkpoint->dimensions(), file);
    if (const CatalogEntry* like = find_in_catalog(stated, path.filename().string()))
        checkpoint->set_alignment_heads(like->alignment_heads);
    return checkpoint;
}

}  // namespace npuscribe::ggml
