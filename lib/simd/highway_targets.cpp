// What Highway's dispatch asks at run time (hwy/targets.h), in place of libhwy. Of that library, dispatch
// needs these two functions, and wherever it is loaded it first measures the resolution of the CPU's clock
// for its benchmarks: 3 to 5 ms, before the program has read an argument.

#include <hwy/targets.h>

#include "simd/cpuid.h"
#include "simd/isa.h"

namespace npuscribe::simd {
namespace {

#if HWY_ARCH_X86
// What Highway compiles SSE4 with beyond SSE4.1 (HWY_TARGET_STR_SSE4).
bool has_sse4() {
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
           __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("aes");
}

// And AVX2 with, beyond what Isa::avx2 stands for (HWY_TARGET_STR_AVX2).
bool has_avx2_extras() {
    return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && cpu_has_f16c() &&
           cpu_has_lzcnt();
}
#endif

int64_t targets() {
    int64_t found = HWY_ENABLED_BASELINE;
#if HWY_ARCH_X86
    const Isa level = isa();
    if (!has_sse4()) return found;
    found |= HWY_SSE4;
    if (level < Isa::avx2 || !has_avx2_extras()) return found;
    found |= HWY_AVX2;
    if (level >= Isa::avx512) found |= HWY_AVX3;
#endif
    return found;
}

}  // namespace
}  // namespace npuscribe::simd

namespace hwy {

int64_t SupportedTargets() {
    static const int64_t found = npuscribe::simd::targets();
    return found;
}

ChosenTarget& GetChosenTarget() {
    static ChosenTarget chosen;
    return chosen;
}

}  // namespace hwy
