// Whatever the bytes of a ggml-*.bin are, reading them ends in tensors or in a ModelError.

#include <cstdint>

#include "base/error.h"
#include "model/ggml_checkpoint.h"
#include "small_model.h"

namespace {

using namespace npuscribe;

std::span<const std::byte> view(const void* data, size_t size) {
    return {static_cast<const std::byte*>(data), size};
}

void read(std::span<const std::byte> bytes) {
    try {
        const auto contents = ggml::parse(bytes, "fuzz");
        for (const auto& [name, data] : contents.tensors) {
            std::vector<float> values(data.count());
            data.read(values);
        }
        fuzz::read_all([&](std::string_view name) { return ggml::find(contents, name); });
    } catch (const ModelError&) {
    }
}

std::vector<std::span<const std::byte>> payload(const std::string& whole) {
    std::vector<std::span<const std::byte>> parts;
    for (const auto& [name, data] : ggml::parse(view(whole.data(), whole.size()), "small").tensors) {
        parts.push_back(data.bytes);
    }
    return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string whole =
        fuzz::small_model(test::ModelFormat::ggml, DType::q5_1, "ggml-model.bin");
    static const auto parts = payload(whole);
    read(view(data, size));
    const std::string bytes = fuzz::damaged(whole, parts, {data, size});
    read(view(bytes.data(), bytes.size()));
    return 0;
}
