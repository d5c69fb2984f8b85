#include "model/checkpoint.h"

#include <array>
#include <fstream>

#include "base/error.h"
#include "model/container.h"
#include "model/ct2_checkpoint.h"
#include "model/ggml_checkpoint.h"
#include "model/hf_checkpoint.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;

// A format that is read: how a directory of it is told, and what opens it. Others join here.
struct Format {
    bool (*matches)(const fs::path& directory);
    std::unique_ptr<Checkpoint> (*open)(const fs::path& directory);
};

bool has_file(const fs::path& directory, const char* name) {
    std::error_code ignored;
    return fs::is_regular_file(directory / name, ignored);
}

constexpr Format kFormats[] = {
    {[](const fs::path& directory) { return has_file(directory, "model.bin"); }, ct2::open},
    {[](const fs::path& directory) {
         return has_file(directory, "model.safetensors") ||
                has_file(directory, "model.safetensors.index.json");
     },
     hf::open},
};

constexpr const char* kWanted =
    "wanted a directory with model.bin (CTranslate2, as Systran/faster-whisper-*) or model.safetensors "
    "(Hugging Face), or a file: whisper.cpp's (ggml-*.bin), or one that npuscribe model convert wrote";

std::array<char, 8> first_bytes(const fs::path& path) {
    std::array<char, 8> bytes{};
    std::ifstream(path, std::ios::binary).read(bytes.data(), bytes.size());
    return bytes;
}

bool is_ggml(const fs::path& path) {
    const auto bytes = first_bytes(path);
    return ggml::is_ggml({bytes.data(), bytes.size()});
}

// What else a model file may be, by its first bytes and its name; empty where it is nothing known.
std::string kind_of_file(const fs::path& path) {
    const auto magic = first_bytes(path);
    const std::string_view bytes(magic.data(), magic.size());
    if (bytes.starts_with("GGUF")) return "a GGUF model";
    const std::string name = path.filename().string();
    if (bytes.starts_with("PK\x03\x04") || name.ends_with(".pt") || name.ends_with(".pth"))
        return "a PyTorch checkpoint";
    return {};
}

// A file of this suffix, or any that holds safetensors: 8 bytes of length, then a JSON object.
bool is_container(const fs::path& path) {
    if (path.extension() == container::kSuffix) return true;
    std::array<char, 9> head{};
    std::ifstream stream(path, std::ios::binary);
    return stream.read(head.data(), head.size()) && head[7] == 0 && head[8] == '{';
}

[[noreturn]] void refuse_file(const fs::path& path) {
    const std::string name = path.filename().string();
    if (name == "model.bin" || name.starts_with("model.safetensors"))
        throw ModelError(path.string() + ": is a file of a model; give its directory, " +
                         (path.has_parent_path() ? path.parent_path().string() : "."));
    const std::string kind = kind_of_file(path);
    throw ModelError(path.string() + ": is " + (kind.empty() ? "not a model" : kind + ", which is not read") +
                     "; " + kWanted);
}

[[noreturn]] void refuse_directory(const fs::path& directory) {
    std::error_code error;
    std::string found;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code ignored;
        if (!entry->is_regular_file(ignored)) continue;
        const std::string name = entry->path().filename().string();
        if (name == "pytorch_model.bin") {
            found =
                "it has pytorch_model.bin (save it again with save_pretrained(..., safe_serialization=True))";
        } else if (name.ends_with(".bin") && is_ggml(entry->path())) {
            found = "its " + name + " is a whisper.cpp model: give that file";
        } else if (name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".gguf")) {
            const std::string kind = kind_of_file(entry->path());
            if (!kind.empty()) found = "it has " + name + ", " + kind + ", which is not read";
        }
        if (!found.empty()) break;
    }
    if (error) throw ModelError(directory.string() + ": cannot be listed: " + error.message());
    throw ModelError(directory.string() + ": holds no model that is read" +
                     (found.empty() ? std::string() : "; " + found) + "; " + kWanted);
}

}  // namespace

Buffer<float> Checkpoint::read(std::string_view name) const {
    size_t count = 1;
    for (const size_t dimension : shape(name))
        count *= dimension;  // the reader checked that it does not overflow
    Buffer<float> values(count);
    read(name, std::span<float>(values.data(), values.size()));
    return values;
}

std::unique_ptr<Checkpoint> open_checkpoint(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (!fs::exists(status)) throw ModelError(path.string() + ": no such directory; " + kWanted);
    if (!fs::is_directory(status)) {
        const bool regular = fs::is_regular_file(status);  // a named pipe would make the program wait
        if (regular && is_ggml(path)) return ggml::open(path);
        const bool of_directory = path.filename().string().starts_with("model.");
        if (regular && !of_directory && is_container(path)) return container::open(path);
        refuse_file(path);
    }
    for (const Format& format : kFormats) {
        if (format.matches(path)) return format.open(path);
    }
    refuse_directory(path);
}

}  // namespace npuscribe
