#pragma once
// Which vector instructions this process may use: what the CPU has, capped by NPUSCRIBE_MAX_ISA. Which kernel
// that means: kernels.h.

#include <string_view>

namespace npuscribe::simd {

enum class Isa {
    baseline,  // whatever the build targets: SSE2 on x86-64, NEON on Arm
    avx2,      // with FMA and F16C
    avxvnni,   // and VNNI on 256 bits: sums of four int8 products
    avx512,    // F, BW, DQ, VL; VNNI or not: has_vnni()
    bf16,      // and AVX-512 BF16: products of bfloat16 pairs, fp32 sums
    amx,       // and VNNI, and AMX, whose tiles multiply bfloat16 matrices
};
std::string_view name(Isa);

/// The level of this process. Throws UsageError if NPUSCRIBE_MAX_ISA is set to anything but baseline, avx2,
/// avxvnni, avx512, bf16 or amx.
Isa isa();

/// True if `isa()` is avx512 or more and the CPU has AVX-512 VNNI: sums of four int8 products on 512 bits.
bool has_vnni();

/// True if `isa()` is avxvnni or more and the CPU has such sums on 256 bits, encoded either way: AVX-VNNI,
/// or AVX-512 VNNI with VL.
bool has_vnni_256();

/// Throws UsageError if NPUSCRIBE_MAX_ISA is wrong, before anything is computed. Every public function of
/// lib/simd calls it before its first dispatch; after the first call it costs one load.
void init_isa();

}  // namespace npuscribe::simd
