// Reading any bytes as a ggml-*.bin gives tensors or throws ModelError.

#include "model/ggml_checkpoint.h"
#include "small_model.h"

namespace {

using namespace npuscribe;

fuzz::Contents parse(std::span<const std::byte> bytes) {
    const auto contents = ggml::parse(bytes, "fuzz");
    return {contents.tensors, [contents](std::string_view name) { return ggml::find(contents, name); }};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string whole =
        fuzz::small_model(test::ModelFormat::ggml, DType::q5_1, "ggml-model.bin");
    return fuzz::try_reader(parse, whole, {data, size});
}
