#include "device/cpu/cpu_info.h"

#include <fmt/format.h>

#include <fstream>

#include "device/cpu/onednn_primitive.h"

namespace npuscribe {
namespace {

bool onednn_has(dnnl::cpu_isa isa) {
    onednn::cap_isa();
    const auto level = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    return (level & static_cast<unsigned>(isa)) == static_cast<unsigned>(isa);
}

}  // namespace

std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (!line.starts_with("model name")) continue;
        const size_t colon = line.find(": ");
        if (colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown CPU";
}

std::string onednn_version() {
    const auto* version = dnnl::version();
    return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

std::string onednn_isa() {
    if (onednn_has(dnnl::cpu_isa::avx512_core_amx)) return "AMX";
    if (onednn_has(dnnl::cpu_isa::avx512_core_bf16)) return "AVX-512 BF16";
    if (onednn_has(dnnl::cpu_isa::avx512_core_vnni)) return "AVX-512 VNNI";
    if (onednn_has(dnnl::cpu_isa::avx512_core)) return "AVX-512";
    if (onednn_has(dnnl::cpu_isa::avx2_vnni)) return "AVX2 VNNI";
    if (onednn_has(dnnl::cpu_isa::avx2)) return "AVX2";
    return "SSE4.1";
}

bool onednn_has_bf16() {
    return onednn_has(dnnl::cpu_isa::avx512_core_bf16);
}

bool onednn_has_vnni() {
    return onednn_has(dnnl::cpu_isa::avx512_core_vnni);
}

std::string cpu_description() {
    return fmt::format("{}, {}, oneDNN {}", cpu_name(), onednn_isa(), onednn_version());
}

}  // namespace npuscribe
