#include "device/array/array_results.h"

#include <cassert>

namespace npuscribe::array {

simd::ResultLayout result_layout(const Gemm& gemm) {
    assert(gemm.result != Result::gelu_bfp16);
    const Program& program = *gemm.program;
    return {program.tile.m, program.tile.n, program.c_tile_bytes(gemm.result), gemm.c_row_tile_bytes(),
            size_t{gemm.result == Result::bf16 ? 2U : 4U}};
}

}  // namespace npuscribe::array
