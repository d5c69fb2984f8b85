// A model directory with any bytes as one of its JSON files opens or throws ModelError.

#include "base/error.h"
#include "fuzz_input.h"
#include "model/checkpoint.h"
#include "random_model.h"
#include "temporary_directory.h"

namespace {

using namespace npuscribe;
namespace fs = std::filesystem;

/// A small model directory whose file `name` is the file in memory.
class Directory {
  public:
    Directory(test::ModelFormat format, const char* name, const fuzz::MemoryFile& file, size_t shards = 1) {
        test::write_random_model(root_.path(), {.dimensions = test::small_dimensions(1, 20),
                                                .format = format,
                                                .dtype = DType::f16,
                                                .shards = shards});
        fs::remove(root_ / name);
        file.link(root_ / name);
    }
    const fs::path& path() const { return root_.path(); }

  private:
    test::TemporaryDirectory root_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using enum test::ModelFormat;
    static const fuzz::MemoryFile file;
    static const std::array<Directory, 4> directories = {
        Directory(safetensors, "config.json", file),
        Directory(safetensors, "generation_config.json", file),
        Directory(safetensors, "model.safetensors.index.json", file, 2),
        Directory(ct2, "config.json", file),
    };
    fuzz::Cutter input(data, size);
    const fs::path& directory = directories.at(input.below(directories.size())).path();
    file.write(input.rest());
    try {
        const auto checkpoint = open_checkpoint(directory);
        const Dimensions& d = checkpoint->dimensions();
        for (const auto& [layer, head] : checkpoint->alignment_heads()) {
            fuzz::require(layer >= 0 && static_cast<size_t>(layer) < d.n_text_layer);
            fuzz::require(head >= 0 && static_cast<size_t>(head) < d.n_text_head);
        }
    } catch (const ModelError&) {  // the right answer to most inputs
    }
    return 0;
}
