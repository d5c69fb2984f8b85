// Reading any bytes as a converted model gives tensors and a vocabulary, or throws ModelError.

#include <cstring>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bfp16/panels.h"
#include "fuzz_input.h"
#include "model/container.h"
#include "model/json_file.h"
#include "model/model.h"
#include "small_model.h"
#include "temporary_directory.h"

namespace {

using namespace npuscribe;

constexpr size_t kText = 256;   // text tokens: the fewest that a vocabulary has
constexpr size_t kVocab = 300;  // with special tokens; the reader does not ask for Whisper's

void read(std::string_view bytes) {
    static const fuzz::MemoryFile file;
    file.write(bytes);
    try {
        const auto checkpoint = container::open(file.path());
        fuzz::read_tensors(*checkpoint);
        if (const auto vocabulary = checkpoint->vocabulary(kText)) fuzz::require(vocabulary->size() == kText);
    } catch (const ModelError&) {  // the right answer to most inputs
    }
}

std::string converted() {
    const test::TemporaryDirectory directory;
    test::write_random_model(directory.path(), {.dimensions = test::small_dimensions(1, 51865)});
    const Model source = load_model(directory.path().string());
    ThreadPool pool(1);
    std::string bytes;
    container::write(*source.checkpoint, source.tokenizer, "fuzz", pool,
                     [&](std::string_view piece) { bytes += piece; });
    return bytes;
}

std::string length_in_bytes(uint64_t length) {
    return {reinterpret_cast<const char*>(&length), sizeof length};
}

/// A converted model cut down to a vocabulary of single bytes. Whisper's own takes 2 MB and nearly all of the
/// time.
std::string small_container() {
    const std::string whole = converted();
    uint64_t header_size = 0;
    std::memcpy(&header_size, whole.data(), sizeof header_size);
    auto header = nlohmann::json::parse(whole.substr(sizeof header_size, header_size));
    const std::string data = whole.substr(sizeof header_size + header_size);
    std::string vocabulary(kText, '\1');
    for (size_t byte = 0; byte < kText; ++byte) vocabulary += static_cast<char>(byte);

    auto dimensions = nlohmann::json::parse(header["__metadata__"]["dimensions"].get<std::string>());
    dimensions["n_vocab"] = kVocab;
    header["__metadata__"]["dimensions"] = dimensions.dump();
    std::string kept;
    for (auto& [name, tensor] : header.items()) {
        if (name == "__metadata__") continue;
        const size_t begin = tensor["data_offsets"][0];
        const size_t end = tensor["data_offsets"][1];
        std::string bytes = data.substr(begin, end - begin);
        if (name == container::kVocabulary) {
            bytes = vocabulary;
            tensor["shape"] = {bytes.size()};
        } else if (name == "decoder.token_embedding.weight") {
            bytes.resize(bytes.size() / bfp16::panels(51865) * bfp16::panels(kVocab));
            tensor["shape"][0] = bfp16::panels(kVocab);
        }
        tensor["data_offsets"] = {kept.size(), kept.size() + bytes.size()};
        kept += bytes;
    }
    const std::string text = header.dump();
    return length_in_bytes(text.size()) + text + kept;
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
    if (size > fuzz::kDamage) {
        read({reinterpret_cast<const char*>(data), size});
    } else {
        read(fuzz::damaged(whole, places, {data, size}));
    }
    return 0;
}
