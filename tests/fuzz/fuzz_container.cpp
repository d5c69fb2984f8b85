// Whatever the bytes of a converted model are, reading them ends in tensors or in a ModelError.

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/thread_pool.h"
#include "model/container.h"
#include "model/model.h"
#include "small_model.h"

namespace {

using namespace npuscribe;
namespace fs = std::filesystem;

/// A file of this process alone.
fs::path scratch(const char* name) {
    return fs::temp_directory_path() / ("npuscribe-fuzz-" + std::to_string(getpid()) + name);
}

void read(std::string_view bytes) {
    static const struct File {
        fs::path path = scratch(".npuscribe");
        ~File() { fs::remove(path); }
    } file;
    std::ofstream(file.path, std::ios::binary) << bytes;
    try {
        const Model model = load_model(file.path.string());
        for (const auto& [name, shape] : whisper_tensors(model.dimensions()))
            model.checkpoint->Checkpoint::read(name);
    } catch (const ModelError&) {
    }
}

std::string small_container() {
    const fs::path directory = scratch("-source");
    test::write_random_model(directory, {.dimensions = test::small_dimensions(1, 51865)});
    const Model source = load_model(directory.string());
    ThreadPool pool(1);
    std::string bytes;
    container::write(*source.checkpoint, source.tokenizer, "fuzz", pool,
                     [&](std::string_view piece) { bytes += piece; });
    fs::remove_all(directory);
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
