// The two functions of libhwy that Highway's dispatch calls at run time (hwy/targets.h). We do not link
// libhwy, because it measures the resolution of the CPU's clock when it is loaded: 3 to 5 ms before the
// program reads its arguments.

#include <hwy/targets.h>

#include "simd/cpuid.h"
#include "simd/isa.h"

namespace npuscribe::simd {
namespace {

#if HWY_ARCH_X86
// The instructions that Highway compiles SSE4 code with (HWY_TARGET_STR_SSE4).
bool has_sse4() {
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
           __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("aes");
}

// Those that it compiles AVX2 code with, beyond Isa::avx2 (HWY_TARGET_STR_AVX2).
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
