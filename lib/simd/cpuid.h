#pragma once
// CPU features by their CPUID bits, for those that __builtin_cpu_supports does not know in every compiler:
// clang 14 lacks f16c, lzcnt and AMX. Private to lib/simd. Intel 64 and IA-32 Architectures Software
// Developer's Manual, volume 2, CPUID.

#if defined(__x86_64__)

#include <cpuid.h>

namespace npuscribe::simd {

/// What CPUID reports of a leaf (subleaf 0) in two of its registers; zeros if the CPU lacks the leaf.
struct CpuidLeaf {
    explicit CpuidLeaf(unsigned leaf) {
        unsigned eax = 0, ebx = 0;
        if (__get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx) == 0) ecx = edx = 0;
    }
    unsigned ecx = 0;
    unsigned edx = 0;
};

inline bool cpu_has_f16c() {
    return (CpuidLeaf(1).ecx >> 29 & 1U) != 0;
}
inline bool cpu_has_lzcnt() {
    return (CpuidLeaf(0x80000001).ecx >> 5 & 1U) != 0;
}
/// AMX-TILE and AMX-BF16. Using them takes the operating system's permission as well.
inline bool cpu_has_bf16_tiles() {
    const CpuidLeaf features(7);
    return (features.edx >> 24 & 1U) != 0 && (features.edx >> 22 & 1U) != 0;
}

}  // namespace npuscribe::simd

#endif
