#pragma once
// CPU features by their CPUID bits, for those that __builtin_cpu_supports does not know in every compiler:
// clang 14 lacks f16c, lzcnt and AMX, and both lack AVX-VNNI. Private to lib/simd. Intel 64 and IA-32
// Architectures Software Developer's Manual, volume 2, CPUID.

#if defined(__x86_64__)

#include <cpuid.h>

namespace npuscribe::simd {

/// What CPUID reports of a leaf in three of its registers; zeros if the CPU lacks the leaf.
struct CpuidLeaf {
    explicit CpuidLeaf(unsigned leaf, unsigned subleaf = 0) {
        unsigned ebx = 0;
        if (__get_cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx) == 0) eax = ecx = edx = 0;
    }
    unsigned eax = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
};

inline bool cpu_has_f16c() {
    return (CpuidLeaf(1).ecx >> 29 & 1U) != 0;
}
inline bool cpu_has_lzcnt() {
    return (CpuidLeaf(0x80000001).ecx >> 5 & 1U) != 0;
}
/// AVX-VNNI: sums of four int8 products in instructions that AVX encodes. Leaf 7 has a subleaf 1 if subleaf
/// 0 says so; other CPUs report that one as zeros.
inline bool cpu_has_avx_vnni() {
    return CpuidLeaf(7).eax >= 1 && (CpuidLeaf(7, 1).eax >> 4 & 1U) != 0;
}
/// AMX-TILE and AMX-BF16. Using them takes the operating system's permission as well.
inline bool cpu_has_bf16_tiles() {
    const CpuidLeaf features(7);
    return (features.edx >> 24 & 1U) != 0 && (features.edx >> 22 & 1U) != 0;
}

}  // namespace npuscribe::simd

#endif
