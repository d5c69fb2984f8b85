#include "small_model.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "temporary_directory.h"

namespace npuscribe::fuzz {

std::string small_model(test::ModelFormat format, DType dtype, const char* file_name) {
    const test::TemporaryDirectory directory;
    test::write_random_model(directory.path(),
                             {.dimensions = test::small_dimensions(1, 20), .format = format, .dtype = dtype});
    std::string bytes = test::read_file(directory / file_name);
    if (bytes.empty()) std::abort();
    return bytes;
}

std::vector<size_t> places_outside(const std::vector<std::span<const std::byte>>& payload,
                                   const std::string& whole) {
    std::vector<bool> is_payload(whole.size());
    const auto* begin = reinterpret_cast<const std::byte*>(whole.data());
    for (const auto& part : payload) {
        const auto first = is_payload.begin() + (part.data() - begin);
        std::fill(first, first + static_cast<ptrdiff_t>(part.size()), true);
    }
    std::vector<size_t> places;
    for (size_t i = 0; i < whole.size(); ++i) {
        if (!is_payload[i]) places.push_back(i);
    }
    return places;
}

std::string damaged(const std::string& whole, const std::vector<size_t>& places,
                    std::span<const uint8_t> data) {
    std::string bytes = whole;
    for (size_t i = 0; i + 4 <= data.size(); i += 4) {
        const size_t choice =
            data[i] | static_cast<size_t>(data[i + 1]) << 8 | static_cast<size_t>(data[i + 2]) << 16;
        bytes[places[choice % places.size()]] = static_cast<char>(data[i + 3]);
    }
    return bytes;
}

namespace {

constexpr size_t kSmallTensor = 1024;  // elements

std::span<const std::byte> view(const void* data, size_t size) {
    return {static_cast<const std::byte*>(data), size};
}

void read(const Parse& parse, std::span<const std::byte> bytes) {
    try {
        const Contents contents = parse(bytes);
        for (const auto& [name, data] : contents.tensors) {
            if (data.count() > kSmallTensor) continue;
            std::vector<float> values(data.count());
            data.read(values);
        }
        read_tensors(TensorCheckpoint(contents.find, "fuzz", "fuzz", {}));
    } catch (const ModelError&) {  // the right answer to most inputs
    }
}

std::vector<std::span<const std::byte>> payload(const Parse& parse, const std::string& whole) {
    std::vector<std::span<const std::byte>> parts;
    for (const auto& [name, data] : parse(view(whole.data(), whole.size())).tensors)
        parts.push_back(data.bytes);
    return parts;
}

}  // namespace

void read_tensors(const Checkpoint& checkpoint) {
    for (const auto& [name, shape] : whisper_tensors(checkpoint.dimensions())) {
        const size_t count = element_count(shape).value_or(0);
        if (shape.size() < 2 || count <= kSmallTensor) {
            checkpoint.read(name);
            continue;
        }
        std::vector<float> row(count / shape[0]);
        checkpoint.read_rows(name, 0, row);
        checkpoint.read_rows(name, shape[0] - 1, row);
    }
}

int try_reader(const Parse& parse, const std::string& whole, std::span<const uint8_t> data) {
    static const auto places = places_outside(payload(parse, whole), whole);  // one reader a program
    if (data.size() > kDamage) {
        read(parse, view(data.data(), data.size()));
    } else {
        const std::string bytes = damaged(whole, places, data);
        read(parse, view(bytes.data(), bytes.size()));
    }
    return 0;
}

}  // namespace npuscribe::fuzz
