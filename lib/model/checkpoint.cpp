#include "model/checkpoint.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/container.h"
#include "model/ct2_checkpoint.h"
#include "model/file_kind.h"
#include "model/ggml_checkpoint.h"
#include "model/hf_checkpoint.h"
#include "model/torch_checkpoint.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;

// A format of checkpoints. The first reader that recognises a path, a directory or a file, opens it.
struct Reader {
    const char* reads;  // for messages
    bool (*recognises)(const fs::path&);
    std::unique_ptr<Checkpoint> (*open)(const fs::path&);
};

constexpr Reader kReaders[] = {
    {"a directory with model.bin (CTranslate2, such as Systran/faster-whisper-*)", ct2::recognises,
     ct2::open},
    {"a directory with model.safetensors (Hugging Face)", hf::recognises, hf::open},
    {"a whisper.cpp file (ggml-*.bin)", ggml::recognises, ggml::open},
    {"a checkpoint of openai-whisper (*.pt)", torch::recognises, torch::open},
    {"a file that npuscribe model convert wrote", container::recognises, container::open},
};

// "expected A, or B, or C": what the readers read.
std::string expected() {
    std::vector<std::string_view> read;
    for (const Reader& reader : kReaders) read.emplace_back(reader.reads);
    return fmt::format("expected {}", fmt::join(read, ", or "));
}

// The kind of a model file that no reader reads, by its first bytes and its name; empty if it is not a known
// kind.
std::string unread_kind(const fs::path& path) {
    const std::string bytes = first_bytes(path, 4);
    if (bytes == "GGUF") return "a GGUF model";
    const std::string name = path.filename().string();
    if (name.ends_with(".pt") || name.ends_with(".pth"))
        return "a PyTorch checkpoint from before 2020 or damaged";
    return {};
}

// Throws, with what the file is and what to give instead.
[[noreturn]] void refuse_file(const fs::path& path) {
    if (belongs_to_directory(path))
        throw ModelError(fmt::format("{}: is only one file of a model; give its directory, {}", path.string(),
                                     path.has_parent_path() ? path.parent_path().string() : "."));
    const std::string kind = unread_kind(path);
    throw ModelError(fmt::format("{}: is {}; {}", path.string(),
                                 kind.empty() ? "not a model" : kind + ", which is not read", expected()));
}

// Throws, with what the directory holds in place of a model.
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
        } else if (ggml::recognises(entry->path())) {
            found = fmt::format("its {} is a whisper.cpp model: give that file", name);
        } else if (name.ends_with(".pt") && torch::recognises(entry->path())) {
            found = fmt::format("its {} is a PyTorch checkpoint: give that file", name);
        } else if (name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".gguf")) {
            const std::string kind = unread_kind(entry->path());
            if (!kind.empty()) found = fmt::format("it has {}, {}, which is not read", name, kind);
        }
        if (!found.empty()) break;
    }
    if (error) throw ModelError(fmt::format("{}: cannot be listed: {}", directory.string(), error.message()));
    throw ModelError(fmt::format("{}: there is no model here{}; {}", directory.string(),
                                 found.empty() ? std::string() : "; " + found, expected()));
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
    if (!fs::exists(status))
        throw ModelError(
            fmt::format("{}: there is no such file or directory; {}", path.string(), expected()));
    for (const Reader& reader : kReaders) {
        if (reader.recognises(path)) return reader.open(path);
    }
    if (fs::is_directory(status)) refuse_directory(path);
    refuse_file(path);
}

}  // namespace npuscribe
