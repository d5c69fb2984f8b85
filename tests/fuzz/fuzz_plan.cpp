// Reading any bytes as the array's plan gives a plan that fits the array, or throws DeviceError.

#include "base/error.h"
#include "device/array/array_plan.h"
#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace npuscribe;
    try {
        const array::Plan plan({reinterpret_cast<const char*>(data), size});
        for (const array::Program& program : plan.programs) {
            fuzz::require(plan.core_bytes(program) <= plan.core.memory);
            fuzz::require(plan.memory_tile_bytes(program) <= plan.memory_tile.memory);
            for (const size_t k : {1, 384, 1280}) {
                const array::Program& chosen = plan.program_for(program.kernel, k);
                const array::Gemm gemm = plan.gemm(chosen, 1, k, 512);
                fuzz::require(gemm.m >= 1 && gemm.k >= k && gemm.n >= 512);
                fuzz::require(gemm.a_bytes() > 0 && gemm.b_bytes() > 0 && gemm.c_bytes() > 0);
                fuzz::require(!gemm.describe().empty());
            }
        }
    } catch (const DeviceError&) {  // the right answer to most inputs
    }
    return 0;
}
