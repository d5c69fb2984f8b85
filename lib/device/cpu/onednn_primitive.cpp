#include "device/cpu/onednn_primitive.h"

#include <cstdlib>
#include <mutex>
#include <utility>

#include "base/openmp.h"
#include "simd/isa.h"

namespace npuscribe::onednn {

using dnnl::memory;

void cap_isa() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (std::getenv("ONEDNN_MAX_CPU_ISA") != nullptr || std::getenv("DNNL_MAX_CPU_ISA") != nullptr)
            return;
        switch (simd::isa()) {
            case simd::Isa::baseline:
                dnnl::set_max_cpu_isa(dnnl::cpu_isa::sse41);
                break;
            case simd::Isa::avx2:
                dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
                break;
            case simd::Isa::avxvnni:
                dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2_vnni);
                break;
            case simd::Isa::avx512:
                dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core_vnni);
                break;
            case simd::Isa::bf16:
                dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core_bf16);
                break;
            case simd::Isa::amx:
                break;
        }
    });
}

const dnnl::engine& engine() {
    cap_isa();
    static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

dnnl::matmul::primitive_desc describe(const memory::desc& x, const memory::desc& weights,
                                      const memory::desc& bias, const memory::desc& y,
                                      dnnl::primitive_attr attributes) {
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
    return {engine(), x, weights, bias, y, attributes};
#else
    return {dnnl::matmul::desc(x, weights, bias, y), attributes, engine()};
#endif
}

Primitive::Primitive(const dnnl::matmul::primitive_desc& description, const memory& weights,
                     const memory& bias, size_t workers) {
    const OneOpenMpThread here;  // oneDNN makes the primitive for as many threads as OpenMP has now
    primitive_ = dnnl::matmul(description);
    for (size_t worker = 0; worker < workers; ++worker) {
        Slot slot{memory(description.src_desc(), engine(), nullptr),
                  memory(description.dst_desc(), engine(), nullptr),
                  memory(description.scratchpad_desc(), engine()),
                  {}};
        slot.arguments = {{DNNL_ARG_SRC, slot.x},
                          {DNNL_ARG_WEIGHTS, weights},
                          {DNNL_ARG_DST, slot.y},
                          {DNNL_ARG_SCRATCHPAD, slot.scratch}};
        if (bias) slot.arguments.emplace(DNNL_ARG_BIAS, bias);
        slots_.push_back(std::move(slot));
    }
}

void Primitive::execute(const void* x, void* y, const dnnl::stream& stream, size_t worker) const {
    const Slot& slot = slots_[worker];
    slot.x.set_data_handle(input(x));
    slot.y.set_data_handle(y);
    primitive_.execute(stream, slot.arguments);
}

}  // namespace npuscribe::onednn
