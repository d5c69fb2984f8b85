// Reading any bytes as a checkpoint of openai-whisper gives tensors or throws ModelError.

#include "model/torch_checkpoint.h"
#include "small_model.h"
#include "torch_writer.h"

namespace {

using namespace npuscribe;

fuzz::Contents parse(std::span<const std::byte> bytes) {
    const auto contents = torch::parse(bytes, "fuzz");
    return {contents.tensors, [contents](std::string_view name) { return torch::find(contents, name); }};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string whole =
        test::torch_checkpoint(test::small_dimensions(1, 20), DType::f16, [](const NamedShape& tensor) {
            return std::vector<float>(element_count(tensor.shape).value_or(0), 0.5F);
        });
    return fuzz::try_reader(parse, whole, {data, size});
}
