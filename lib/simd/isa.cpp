#include "simd/isa.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "simd/cpuid.h"

namespace npuscribe::simd {
namespace {

constexpr std::array<std::pair<std::string_view, Isa>, 6> kNames = {{
    {"baseline", Isa::baseline},
    {"avx2", Isa::avx2},
    {"avxvnni", Isa::avxvnni},
    {"avx512", Isa::avx512},
    {"bf16", Isa::bf16},
    {"amx", Isa::amx},
}};

/// Asks Linux for the tiles' state, which a process gets only on request (Documentation/arch/x86/xstate).
bool may_use_tiles() {
#if defined(__x86_64__) && defined(__linux__)
    constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
    return false;
#endif
}

Isa cpu_isa() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::baseline;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
        return cpu_has_avx_vnni() ? Isa::avxvnni : Isa::avx2;
    }
    if (!__builtin_cpu_supports("avx512bf16")) return Isa::avx512;
    return __builtin_cpu_supports("avx512vnni") && cpu_has_bf16_tiles() ? Isa::amx : Isa::bf16;
#else
    return Isa::baseline;
#endif
}

bool cpu_has_vnni_256() {
#if defined(__x86_64__)
    return cpu_has_avx_vnni() || (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl"));
#else
    return false;
#endif
}

Isa cap() {
    const char* value = std::getenv("NPUSCRIBE_MAX_ISA");
    if (value == nullptr || *value == '\0') return Isa::amx;
    for (const auto& [text, level] : kNames) {
        if (text == value) return level;
    }
    std::array<std::string_view, kNames.size()> known;
    std::transform(kNames.begin(), kNames.end(), known.begin(),
                   [](const auto& entry) { return entry.first; });
    throw UsageError(fmt::format("NPUSCRIBE_MAX_ISA is '{}': expected {}", value, list_words(known)));
}

Isa choose() {
    Isa level = std::min(cpu_isa(), cap());
    if (level == Isa::amx && !may_use_tiles()) level = Isa::bf16;
    // Capped, and the CPU has AVX-512 without VNNI.
    if (level == Isa::avxvnni && !cpu_has_vnni_256()) level = Isa::avx2;
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

bool has_vnni_256() {
    return isa() >= Isa::avxvnni && cpu_has_vnni_256();
}

void init_isa() {
    isa();
}

}  // namespace npuscribe::simd
