#include "model/container.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/error.h"
#include "bfp16/panels.h"
#include "model/file_kind.h"
#include "model/json_file.h"
#include "model/packed_vocabulary.h"
#include "model/tensor_checkpoint.h"

namespace npuscribe::container {
namespace {

const std::string& metadata(const safetensors::Contents& contents, std::string_view key,
                            const std::string& file) {
    const auto found = contents.metadata.find(key);
    if (found == contents.metadata.end())
        throw ModelError(fmt::format("{}: is damaged: its metadata lacks \"{}\"", file, key));
    return found->second;
}

// For messages, and for `model info`: one short line of plain text.
std::string printable(std::string_view text) {
    std::string line(text.substr(0, 100));
    for (char& c : line) {
        if (c < ' ' || c > '~') c = '?';
    }
    return line;
}

void check_format(const safetensors::Contents& contents, const std::string& file) {
    const auto format = contents.metadata.find("format");
    if (format == contents.metadata.end() || format->second != kFormat)
        throw ModelError(
            fmt::format("{}: is a safetensors file, but not one that npuscribe model convert wrote", file));
    const std::string& version = metadata(contents, "format_version", file);
    if (version != kVersion)
        throw ModelError(fmt::format(
            "{}: has format version {}, but this npuscribe reads version {}; convert the model again", file,
            printable(version), kVersion));
}

void check_dimensions(const nlohmann::json& stated, const Dimensions& d, const std::string& file) {
    for (const auto& [key, field] : kDimensionFields) {
        const size_t tensors = d.*field;
        const auto count = optional_count(stated, key, file);
        if (!count || *count != tensors)
            throw ModelError(fmt::format("{}: is damaged: \"{}\" is {}, but the tensors make it {}", file,
                                         key, count ? fmt::to_string(*count) : "missing", tensors));
    }
}

nlohmann::json object_in(const safetensors::Contents& contents, std::string_view key,
                         const std::string& file) {
    auto json = parse_json(metadata(contents, key, file), file + ": its \"" + std::string(key) + "\"");
    if (!json.is_object())
        throw ModelError(fmt::format("{}: is damaged: \"{}\" is not a JSON object", file, key));
    return json;
}

std::span<const std::byte> vocabulary_in(const safetensors::Contents& contents, const std::string& file) {
    const auto found = contents.tensors.find(kVocabulary);
    if (found == contents.tensors.end())
        throw ModelError(fmt::format("{}: is damaged: it has no vocabulary", file));
    const TensorData& tensor = found->second;
    if (tensor.dtype != DType::u8 || tensor.shape.size() != 1)
        throw ModelError(fmt::format("{}: is damaged: its vocabulary has shape {} in {}", file,
                                     to_string(tensor.shape), name(tensor.dtype)));
    return tensor.bytes;
}

class ContainerCheckpoint final : public TensorCheckpoint {
  public:
    ContainerCheckpoint(safetensors::Contents& contents, size_t n_vocab, const std::string& file,
                        std::vector<MappedFile> files)
        : TensorCheckpoint([&](std::string_view name) { return find(contents, name, n_vocab); }, file,
                           "npuscribe, converted from " + printable(metadata(contents, "source", file)),
                           std::move(files)),
          file_(file),
          vocabulary_(vocabulary_in(contents, file)) {}
    std::optional<BytePairs> vocabulary(size_t n_text) const override {
        return unpack_vocabulary(vocabulary_, n_text, file_);
    }

  private:
    std::string file_;
    std::span<const std::byte> vocabulary_;
};

}  // namespace

std::optional<TensorData> find(const safetensors::Contents& contents, std::string_view openai_name,
                               size_t n_vocab) {
    const auto found = contents.tensors.find(openai_name);
    if (found == contents.tensors.end()) return std::nullopt;
    TensorData tensor = found->second;
    if (tensor.dtype != DType::u8) return tensor;
    // A tensor that is not panels keeps its byte shape, which no Whisper tensor has.
    const auto& stored = found->second.shape;
    if (stored.size() != 3 || stored[2] != bfp16::kPanelBlockBytes) return std::nullopt;
    tensor.dtype = DType::bfp16;
    tensor.shape = {stored[0] * bfp16::kPanelRows, stored[1] * bfp16::kBlockSize};
    const bool embedding = openai_name == "decoder.token_embedding.weight";
    if (embedding && bfp16::panels(n_vocab) == stored[0]) tensor.shape[0] = n_vocab;
    return tensor;
}

bool recognises(const std::filesystem::path& path) {
    if (belongs_to_directory(path) || !is_plain_file(path)) return false;
    if (path.extension() == kSuffix) return true;
    const std::string head = first_bytes(path, 9);  // safetensors: 8 bytes of length, then a JSON object
    return head.size() == 9 && head[7] == 0 && head[8] == '{';
}

std::unique_ptr<Checkpoint> open(const std::filesystem::path& path) {
    const std::string file = path.string();
    std::vector<MappedFile> files;
    files.emplace_back(path);
    auto contents = safetensors::parse(files.front().bytes(), file);
    check_format(contents, file);
    const auto stated = object_in(contents, "dimensions", file);
    const size_t n_vocab = optional_count(stated, "n_vocab", file).value_or(0);
    auto checkpoint = std::make_unique<ContainerCheckpoint>(contents, n_vocab, file, std::move(files));
    const Dimensions& d = checkpoint->dimensions();
    check_dimensions(stated, d, file);
    const nlohmann::json heads{{"alignment_heads", parse_json(metadata(contents, "alignment_heads", file),
                                                              file + ": its \"alignment_heads\"")}};
    checkpoint->set_alignment_heads(read_alignment_heads(heads, d.n_text_layer, d.n_text_head, file));
    return checkpoint;
}

}  // namespace npuscribe::container
