// Reading any bytes as a converted model gives tensors or throws ModelError.

#include <cstdint>

#include "base/error.h"
#include "base/thread_pool.h"
#include "model/container.h"
#include "model/model.h"
#include "small_model.h"
#include "temporary_directory.h"

namespace {

using namespace npuscribe;

void read(std::string_view bytes) {
    static const test::TemporaryDirectory directory;
    const auto path = directory.write("fuzz.npuscribe", bytes);
    try {
        const Model model = load_model(path.string());
        for (const auto& [name, shape] : whisper_tensors(model.dimensions()))
            model.checkpoint->Checkpoint::read(name);
    } catch (const ModelError&) {
    }
}

std::string small_container() {
    const test::TemporaryDirectory directory;
    test::write_random_model(directory.path(), {.dimensions = test::small_dimensions(1, 51865)});
    const Model source = load_model(directory.path().string());
    ThreadPool pool(1);
    std::string bytes;
    container::write(*source.checkpoint, source.tokenizer, "fuzz", pool,
                     [&](std::string_view piece) { bytes += piece; });
    return bytes;
}

std::vector<std::span<const std::byte>> payload(const std::string& whole) {
    std::vector<std::span<const std::byte>> parts;
    const auto* begin = reinterpret_cast<const std::byte*>(whole.data());
    for (const auto& [name, data] : safetensors::parse({begin, whole.size()}, "small").tensors)
        parts.push_back(data.bytes);
    return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string whole = small_container();
    static const auto places = fuzz::places_outside(payload(whole), whole);
    read({reinterpret_cast<const char*>(data), size});
    read(fuzz::damaged(whole, places, {data, size}));
    return 0;
}
