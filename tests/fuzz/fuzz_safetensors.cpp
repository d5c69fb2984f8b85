// Reading any bytes as a model.safetensors gives tensors or throws ModelError.

#include "model/hf_checkpoint.h"
#include "model/safetensors.h"
#include "small_model.h"

namespace {

using namespace npuscribe;

fuzz::Contents parse(std::span<const std::byte> bytes) {
    const auto contents = safetensors::parse(bytes, "fuzz");
    return {contents.tensors, [contents](std::string_view name) { return hf::find(contents.tensors, name); }};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string whole =
        fuzz::small_model(test::ModelFormat::safetensors, DType::bf16, "model.safetensors");
    return fuzz::try_reader(parse, whole, {data, size});
}
