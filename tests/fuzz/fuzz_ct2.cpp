// Reading any bytes as CTranslate2's model.bin gives tensors or throws ModelError.

#include "model/ct2_checkpoint.h"
#include "small_model.h"

namespace {

using namespace npuscribe;

fuzz::Contents parse(std::span<const std::byte> bytes) {
    const auto contents = ct2::parse(bytes, "fuzz");
    return {contents.variables, [contents](std::string_view name) { return ct2::find(contents, name); }};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string whole = fuzz::small_model(test::ModelFormat::ct2, DType::i8, "model.bin");
    return fuzz::try_reader(parse, whole, {data, size});
}
