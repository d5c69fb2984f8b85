#include "model/safetensors.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "model/json_file.h"

namespace npuscribe::safetensors {
namespace {

constexpr std::pair<std::string_view, DType> kTypes[] = {
    {"F32", DType::f32}, {"F16", DType::f16}, {"BF16", DType::bf16}, {"I8", DType::i8},
    {"I16", DType::i16}, {"I32", DType::i32}, {"U8", DType::u8},
};

std::optional<DType> type_of(std::string_view name) {
    for (const auto& [known, type] : kTypes) {
        if (known == name) return type;
    }
    return std::nullopt;
}

// Names end up in messages, which are one line of plain text.
std::string printable(const std::string& name) {
    std::string text = name.substr(0, 80);
    for (char& c : text) {
        if (c <= ' ' || c > '~') c = '?';
    }
    return text;
}

TensorData place(const nlohmann::json& entry, DType type, std::span<const std::byte> data,
                 const std::string& what) {
    const auto shape = entry.find("shape");
    const auto offsets = entry.find("data_offsets");
    if (shape == entry.end() || !shape->is_array() || offsets == entry.end() || !offsets->is_array() ||
        offsets->size() != 2 || !(*offsets)[0].is_number_unsigned() || !(*offsets)[1].is_number_unsigned())
        throw ModelError(fmt::format("{} lacks a shape or data_offsets", what));
    TensorData tensor;
    tensor.dtype = type;
    for (const auto& dimension : *shape) {
        if (!dimension.is_number_unsigned())
            throw ModelError(fmt::format("{} has a shape that is not a list of sizes", what));
        tensor.shape.push_back(dimension.get<size_t>());
    }
    const auto begin = (*offsets)[0].get<uint64_t>();
    const auto end = (*offsets)[1].get<uint64_t>();
    if (begin > end || end > data.size())
        throw ModelError(fmt::format("{} lies at bytes {} to {} of {}", what, begin, end, data.size()));
    const auto count = element_count(tensor.shape);
    const uint64_t bytes = end - begin;
    if (!count || *count > bytes || *count * size_of(type) != bytes)
        throw ModelError(fmt::format("{} has shape {} in {}, but {} bytes", what, to_string(tensor.shape),
                                     name(type), bytes));
    tensor.bytes = data.subspan(begin, bytes);
    return tensor;
}

}  // namespace

Contents parse(std::span<const std::byte> bytes, const std::string& file) {
    uint64_t header_size = 0;
    if (bytes.size() < sizeof header_size)
        throw ModelError(fmt::format("{}: is not a safetensors file: it has {} bytes", file, bytes.size()));
    std::memcpy(&header_size, bytes.data(), sizeof header_size);
    bytes = bytes.subspan(sizeof header_size);
    if (header_size > bytes.size() || header_size > kMaxJsonBytes)
        throw ModelError(
            fmt::format("{}: is cut short, or not a safetensors file: its header should have {} bytes, the "
                        "file has {} more",
                        file, header_size, bytes.size()));
    const auto text = bytes.first(header_size);
    const auto header = parse_json({reinterpret_cast<const char*>(text.data()), text.size()},
                                   fmt::format("{}: its safetensors header", file));
    if (!header.is_object())
        throw ModelError(fmt::format("{}: its safetensors header is not a JSON object", file));

    Contents contents;
    for (const auto& [name, entry] : header.items()) {
        const std::string what = fmt::format("{}: tensor {}", file, printable(name));
        if (!entry.is_object()) throw ModelError(fmt::format("{} is not described by a JSON object", what));
        if (name == "__metadata__") {
            for (const auto& [key, value] : entry.items()) {
                if (value.is_string()) contents.metadata.emplace(key, value.get<std::string>());
            }
            continue;
        }
        const auto dtype = entry.find("dtype");
        if (dtype == entry.end() || !dtype->is_string())
            throw ModelError(fmt::format("{} has no dtype", what));
        const auto type = type_of(dtype->get_ref<const std::string&>());
        if (type) contents.tensors.emplace(name, place(entry, *type, bytes.subspan(header_size), what));
    }
    return contents;
}

}  // namespace npuscribe::safetensors
