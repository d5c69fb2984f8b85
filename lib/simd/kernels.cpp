#include "simd/kernels.h"

#include <fmt/format.h>

#include "base/error.h"

namespace npuscribe::simd {

const Kernels& kernels() {
    static const Kernels chosen = kernels_for(isa(), has_vnni());
    return chosen;
}

void refuse_kernel(std::string_view kernel, std::string_view instructions) {
    throw DeviceError(fmt::format("{} needs {}, which only x86-64 has: call what simd::kernels() names",
                                  kernel, instructions));
}

}  // namespace npuscribe::simd
