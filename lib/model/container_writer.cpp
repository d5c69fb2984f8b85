// The writing half of container.h.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bfp16/panels.h"
#include "model/container.h"
#include "model/packed_vocabulary.h"
#include "model/tensor_checkpoint.h"
#include "simd/rows/blocks.h"

namespace npuscribe::container {
namespace {

constexpr size_t kPieceRows = 2048;  // of a matrix, read, rounded and written together
constexpr size_t kGrain = 64;        // of them, rounded by one worker at a time
constexpr size_t kAlignment = 64;    // of the panels in the file
static_assert(kPieceRows % bfp16::kPanelRows == 0 && kGrain % bfp16::kPanelLanes == 0);

// A matrix that is multiplied with, or looked up in and multiplied with.
bool goes_to_panels(const NamedShape& tensor) {
    return tensor.shape.size() == 2 && tensor.name.ends_with(".weight");
}

// binary16 bits where it has this very value.
std::optional<uint16_t> exact_f16(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000U);
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude == 0) return sign;
    const int exponent = static_cast<int>(magnitude >> 23) - 127;
    if (exponent > 15 || exponent < -24) return std::nullopt;
    const uint32_t significand = (magnitude & 0x7FFFFFU) | 0x800000U;
    const uint32_t shift = exponent >= -14 ? 13 : static_cast<uint32_t>(13 - 14 - exponent);  // subnormal
    if ((significand & ((1U << shift) - 1)) != 0) return std::nullopt;
    const uint32_t biased = exponent >= -14 ? static_cast<uint32_t>(exponent + 14) << 10 : 0;
    return static_cast<uint16_t>(sign | (biased + (significand >> shift)));
}

// The smallest type that holds all the values, and their bytes in it.
std::pair<std::string_view, std::string> pack_exactly(std::span<const float> values) {
    std::string bytes(2 * values.size(), '\0');
    bool f16 = true;
    for (size_t i = 0; f16 && i < values.size(); ++i) {
        const auto half = exact_f16(values[i]);
        f16 = half.has_value();
        if (f16) std::memcpy(bytes.data() + 2 * i, &*half, 2);
    }
    if (f16) return {"F16", std::move(bytes)};
    const bool bf16 = std::all_of(values.begin(), values.end(), [](float value) {
        return (std::bit_cast<uint32_t>(value) & 0xFFFFU) == 0;
    });
    if (!bf16) {
        return {"F32", std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes())};
    }
    for (size_t i = 0; i < values.size(); ++i) {
        const auto upper = static_cast<uint16_t>(std::bit_cast<uint32_t>(values[i]) >> 16);
        std::memcpy(bytes.data() + 2 * i, &upper, 2);
    }
    return {"BF16", std::move(bytes)};
}

std::string dimensions_json(const Dimensions& d) {
    nlohmann::json json;
    for (const auto& [name, field] : kDimensionFields) json[name] = d.*field;
    return json.dump();
}

nlohmann::json metadata_of(const Checkpoint& source, std::string_view producer) {
    nlohmann::json heads = nlohmann::json::array();
    for (const auto& [layer, head] : source.alignment_heads()) heads.push_back({layer, head});
    return {{"format", kFormat},
            {"format_version", kVersion},
            {"dimensions", dimensions_json(source.dimensions())},
            {"alignment_heads", heads.dump()},
            {"source", source.description()},
            {"producer", producer}};
}

void write_panels(const Checkpoint& source, const NamedShape& tensor, ThreadPool& pool, const Sink& sink) {
    const size_t k = tensor.shape[1];
    Buffer<float> values(kPieceRows * k);
    std::vector<uint8_t> panels(bfp16::panel_bytes(kPieceRows, k));
    for (size_t first = 0; first < tensor.shape[0]; first += kPieceRows) {
        const size_t rows = std::min(kPieceRows, tensor.shape[0] - first);
        source.read_rows(tensor.name, first, {values.data(), rows * k});
        const auto x = std::as_const(values).matrix(rows, k);
        std::atomic<size_t> bad{rows};
        pool.for_each(rows, kGrain, [&](size_t begin, size_t end, size_t) {
            const auto row = simd::quantise_panels(x.rows_from(begin, end - begin), begin, panels.data());
            if (row) bad = begin + *row;
        });
        if (bad != rows)
            throw ModelError(fmt::format("tensor {} holds {} in row {}: the source is damaged", tensor.name,
                                         simd::kNotInBlocks, first + bad));
        bfp16::pad_last_panel(rows, k, panels.data());
        sink({reinterpret_cast<const char*>(panels.data()), bfp16::panel_bytes(rows, k)});
    }
}

std::string length_in_bytes(uint64_t length) {
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes;
}

}  // namespace

uint64_t expected_size(const Dimensions& dimensions) {
    constexpr uint64_t kHeader = 700'000;  // most of it the vocabulary
    uint64_t bytes = kHeader;
    for (const NamedShape& tensor : whisper_tensors(dimensions)) {
        const uint64_t count = *element_count(tensor.shape);
        bytes += goes_to_panels(tensor) ? bfp16::panel_bytes(tensor.shape[0], tensor.shape[1])
                                        : bytes_of(DType::f16, count);
    }
    return bytes;
}

void write(const Checkpoint& source, const Tokenizer& tokenizer, std::string_view producer, ThreadPool& pool,
           const Sink& sink) {
    std::vector<NamedShape> tensors = whisper_tensors(source.dimensions());
    std::stable_partition(tensors.begin(), tensors.end(), goes_to_panels);
    std::vector<std::string> small(tensors.size());  // those that are not matrices: few and short
    nlohmann::json header{{"__metadata__", metadata_of(source, producer)}};
    size_t at = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
        std::string_view dtype = "U8";
        std::vector<size_t> shape = tensors[i].shape;
        size_t bytes = 0;
        if (goes_to_panels(tensors[i])) {
            bytes = bfp16::panel_bytes(shape[0], shape[1]);
            shape = {bfp16::panels(shape[0]), shape[1] / bfp16::kBlockSize, bfp16::kPanelBlockBytes};
        } else {
            const Buffer<float> values = source.Checkpoint::read(tensors[i].name);
            if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
                throw ModelError(
                    fmt::format("tensor {} holds Inf or NaN: the source is damaged", tensors[i].name));
            std::tie(dtype, small[i]) = pack_exactly({values.data(), values.size()});
            bytes = small[i].size();
        }
        header[tensors[i].name] = {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {at, at + bytes}}};
        at += bytes;
    }
    const std::string vocabulary = pack_vocabulary(tokenizer);  // last: it would shift the tensors' alignment
    header[std::string(kVocabulary)] = {
        {"dtype", "U8"}, {"shape", {vocabulary.size()}}, {"data_offsets", {at, at + vocabulary.size()}}};
    std::string text = header.dump();
    while ((sizeof(uint64_t) + text.size()) % kAlignment != 0) text += ' ';
    sink(length_in_bytes(text.size()));
    sink(text);
    for (size_t i = 0; i < tensors.size(); ++i) {
        if (goes_to_panels(tensors[i])) {
            write_panels(source, tensors[i], pool, sink);
        } else {
            sink(small[i]);
        }
    }
    sink(vocabulary);
}

}  // namespace npuscribe::container
