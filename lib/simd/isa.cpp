#include "simd/isa.h"

#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/error.h"

namespace npuscribe::simd {
namespace {

constexpr std::array<std::pair<std::string_view, Isa>, 4> kNames = {{
    {"baseline", Isa::baseline},
    {"avx2", Isa::avx2},
    {"avx512", Isa::avx512},
    {"bf16", Isa::bf16},
}};

Isa cpu_isa() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::baseline;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
        return Isa::avx2;
    }
    return __builtin_cpu_supports("avx512bf16") ? Isa::bf16 : Isa::avx512;
#else
    return Isa::baseline;
#endif
}

Isa cap() {
    const char* value = std::getenv("NPUSCRIBE_MAX_ISA");
    if (value == nullptr || *value == '\0') return Isa::bf16;
    for (const auto& [text, level] : kNames) {
        if (text == value) return level;
    }
    throw UsageError(std::string("NPUSCRIBE_MAX_ISA is '") + value +
                     "': it takes baseline, avx2, avx512 or bf16");
}

Isa choose() {
    const Isa level = std::min(cpu_isa(), cap());
#if HWY_ARCH_X86
    // Highway orders its targets newest first: a newer one has a lower bit.
    constexpr int64_t kAvx512Targets = HWY_AVX2 - 1;
    constexpr int64_t kAvx2Targets = 2 * HWY_AVX2 - 1;
    if (level < Isa::avx2) {
        hwy::DisableTargets(kAvx2Targets);
    } else if (level < Isa::avx512) {
        hwy::DisableTargets(kAvx512Targets);
    }
#endif
    return level;
}

}  // namespace

std::string_view name(Isa level) {
    for (const auto& [text, value] : kNames) {
        if (value == level) return text;
    }
    return "?";
}

Isa isa() {
    static const Isa level = choose();
    return level;
}

bool has_vnni() {
#if defined(__x86_64__)
    return isa() >= Isa::avx512 && __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

void init_isa() {
    isa();
}

}  // namespace npuscribe::simd
