#include "model/tensor_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "simd/rows/blocks.h"

namespace npuscribe {
namespace {

void append_layer_norm(std::vector<NamedShape>& list, const std::string& name, size_t state) {
    list.push_back({name + ".weight", {state}});
    list.push_back({name + ".bias", {state}});
}

void append_linear(std::vector<NamedShape>& list, const std::string& name, size_t out, size_t in) {
    list.push_back({name + ".weight", {out, in}});
    list.push_back({name + ".bias", {out}});
}

void append_attention(std::vector<NamedShape>& list, const std::string& block, const char* name,
                      size_t state) {
    const std::string prefix = block + name;
    append_linear(list, prefix + ".query", state, state);
    list.push_back({prefix + ".key.weight", {state, state}});
    append_linear(list, prefix + ".value", state, state);
    append_linear(list, prefix + ".out", state, state);
    append_layer_norm(list, prefix + "_ln", state);
}

void append_mlp(std::vector<NamedShape>& list, const std::string& block, size_t state) {
    append_linear(list, block + "mlp.0", 4 * state, state);
    append_linear(list, block + "mlp.2", state, 4 * state);
    append_layer_norm(list, block + "mlp_ln", state);
}

std::string block_name(const char* part, size_t layer) {
    return fmt::format("{}.blocks.{}.", part, layer);
}

// The layers that are there, counted from 0: a hole ends the count, and shows as a missing tensor or as a
// smaller model.
size_t count_layers(const FindTensor& find, const char* part) {
    size_t layers = 0;
    while (find(block_name(part, layers) + "attn_ln.weight")) ++layers;
    return layers;
}

std::vector<size_t> shape_of(const FindTensor& find, const std::string& file, std::string_view name,
                             size_t rank) {
    const auto tensor = find(name);
    if (!tensor) throw ModelError(fmt::format("{}: is not a Whisper model: it has no tensor {}", file, name));
    if (tensor->shape.size() != rank || tensor->count() == 0)
        throw ModelError(fmt::format("{}: is not a Whisper model: {} has shape {}, expected {} dimensions",
                                     file, name, to_string(tensor->shape), rank));
    return tensor->shape;
}

}  // namespace

std::vector<NamedShape> whisper_tensors(const Dimensions& d) {
    std::vector<NamedShape> list;
    list.push_back({"encoder.positional_embedding", {d.n_audio_ctx, d.n_audio_state}});
    list.push_back({"encoder.conv1.weight", {d.n_audio_state, d.n_mels, 3}});
    list.push_back({"encoder.conv1.bias", {d.n_audio_state}});
    list.push_back({"encoder.conv2.weight", {d.n_audio_state, d.n_audio_state, 3}});
    list.push_back({"encoder.conv2.bias", {d.n_audio_state}});
    for (size_t layer = 0; layer < d.n_audio_layer; ++layer) {
        const std::string block = block_name("encoder", layer);
        append_attention(list, block, "attn", d.n_audio_state);
        append_mlp(list, block, d.n_audio_state);
    }
    append_layer_norm(list, "encoder.ln_post", d.n_audio_state);
    list.push_back({"decoder.positional_embedding", {d.n_text_ctx, d.n_text_state}});
    list.push_back({"decoder.token_embedding.weight", {d.n_vocab, d.n_text_state}});
    for (size_t layer = 0; layer < d.n_text_layer; ++layer) {
        const std::string block = block_name("decoder", layer);
        append_attention(list, block, "attn", d.n_text_state);
        append_attention(list, block, "cross_attn", d.n_text_state);
        append_mlp(list, block, d.n_text_state);
    }
    append_layer_norm(list, "decoder.ln", d.n_text_state);
    return list;
}

Dimensions dimensions_of(const FindTensor& find, const std::string& file) {
    const auto conv1 = shape_of(find, file, "encoder.conv1.weight", 3);
    const auto audio_positions = shape_of(find, file, "encoder.positional_embedding", 2);
    const auto text_positions = shape_of(find, file, "decoder.positional_embedding", 2);
    const auto embedding = shape_of(find, file, "decoder.token_embedding.weight", 2);
    Dimensions d;
    d.n_mels = conv1[1];
    d.n_audio_ctx = audio_positions[0];
    d.n_audio_state = conv1[0];
    d.n_audio_head = d.n_audio_state / kHeadSize;
    d.n_audio_layer = count_layers(find, "encoder");
    d.n_vocab = embedding[0];
    d.n_text_ctx = text_positions[0];
    d.n_text_state = embedding[1];
    d.n_text_head = d.n_text_state / kHeadSize;
    d.n_text_layer = count_layers(find, "decoder");
    if (d.n_audio_state != d.n_text_state || d.n_audio_state % kHeadSize != 0)
        throw ModelError(
            fmt::format("{}: is not a Whisper model: encoder width {}, decoder width {}; expected the same "
                        "multiple of 64 for both",
                        file, d.n_audio_state, d.n_text_state));
    if (d.n_audio_layer == 0 || d.n_text_layer == 0)
        throw ModelError(fmt::format("{}: is not a Whisper model: {} encoder layers, {} decoder layers", file,
                                     d.n_audio_layer, d.n_text_layer));
    return d;
}

TensorCheckpoint::TensorCheckpoint(const FindTensor& find, std::string file, std::string format,
                                   std::vector<MappedFile> files)
    : file_(std::move(file)), format_(std::move(format)), files_(std::move(files)) {
    dimensions_ = dimensions_of(find, file_);
    for (auto& [name, shape] : whisper_tensors(dimensions_)) {
        auto data = find(name);
        if (!data) throw ModelError(fmt::format("{}: has no tensor {}", file_, name));
        if (data->shape != shape)
            throw ModelError(fmt::format("{}: tensor {} has shape {}, expected {}", file_, name,
                                         to_string(data->shape), to_string(shape)));
        tensors_.emplace(std::move(name), std::move(*data));
    }
    // Reading the index touched pages all over the file.
    for (const MappedFile& mapped : files_) mapped.release(mapped.bytes());
}

std::string TensorCheckpoint::description() const {
    return format_ + ", " + std::string(name(tensor("encoder.blocks.0.mlp.0.weight").dtype));
}

const TensorData& TensorCheckpoint::tensor(std::string_view name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw ModelError(fmt::format("{}: has no tensor {}", file_, name));
    return found->second;
}

void TensorCheckpoint::convert(std::string_view name, size_t first, size_t rows, std::span<float> out) const {
    const TensorData& data = tensor(name);
    const auto part = data.bytes_of_rows(first, rows);
    const MappedFile* file = file_of(data);
    if (file != nullptr) file->prefetch(part);
    const bool good = data.read_rows(first, rows, out);
    if (file != nullptr) file->release(part);
    if (file != nullptr && !file->is_whole())
        throw ModelError(
            fmt::format("{}: became shorter while it was read; restore it, or run npuscribe model "
                        "fetch NAME --force",
                        file_));
    if (good) return;
    const std::string tensor_name = "tensor " + std::string(name);
    if (data.dtype == DType::bfp16)
        throw ModelError(fmt::format("{}: is damaged: a block of {} has an exponent above {}", file_,
                                     tensor_name, simd::kLargestBlockExponent));
    throw ModelError(
        fmt::format("{}: the scales of {} are not positive, finite numbers", file_, tensor_name));
}

const MappedFile* TensorCheckpoint::file_of(const TensorData& data) const {
    const auto file = std::find_if(files_.begin(), files_.end(), [&](const MappedFile& candidate) {
        return candidate.contains(data.bytes.data());
    });
    return file == files_.end() ? nullptr : &*file;
}

std::optional<std::span<const uint8_t>> TensorCheckpoint::panels(std::string_view name) const {
    const TensorData& data = tensor(name);
    if (data.dtype != DType::bfp16) return std::nullopt;
    return std::span(reinterpret_cast<const uint8_t*>(data.bytes.data()), data.bytes.size());
}

void TensorCheckpoint::release(std::string_view name) const {
    const TensorData& data = tensor(name);
    if (const MappedFile* file = file_of(data)) file->release(data.bytes);
}

void TensorCheckpoint::read(std::string_view name, std::span<float> out) const {
    const TensorData& data = tensor(name);
    if (out.size() != data.count())
        throw ModelError(fmt::format("{}: tensor {} {} has {} elements, asked for {}", file_, name,
                                     to_string(data.shape), data.count(), out.size()));
    convert(name, 0, data.shape.front(), out);
}

void TensorCheckpoint::read_rows(std::string_view name, size_t first, std::span<float> out) const {
    const TensorData& whole = tensor(name);
    const size_t rows = whole.shape.front();
    const size_t row = whole.count() / rows;
    const size_t wanted = out.size() / row;
    if (out.size() % row != 0 || first > rows || wanted > rows - first)
        throw ModelError(fmt::format("{}: tensor {} {} has no such rows: from {}, {} elements", file_, name,
                                     to_string(whole.shape), first, out.size()));
    convert(name, first, wanted, out);
}

}  // namespace npuscribe
