#include "device/onednn_matmul.h"

#include <cassert>
#include <cstdlib>
#include <dnnl.hpp>
#include <mutex>
#include <unordered_map>

#include "base/buffer.h"
#include "base/openmp.h"
#include "simd/isa.h"

namespace npuscribe {
namespace {

using dnnl::memory;

/// Caps oneDNN like our own kernels, unless its own variable is set. Only before oneDNN's first use.
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
            case simd::Isa::avx512:
                dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core_vnni);
                break;
            case simd::Isa::bf16:
                break;
        }
    });
}

const dnnl::engine& engine() {
    cap_isa();
    static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

dnnl::matmul::primitive_desc describe(const memory::desc& x, const memory::desc& w, const memory::desc& bias,
                                      const memory::desc& y, const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
    return {engine(), x, w, bias, y, attributes};
#else
    return {dnnl::matmul::desc(x, w, bias, y), attributes, engine()};
#endif
}

memory::dim dim(size_t size) {
    return static_cast<memory::dim>(size);
}

}  // namespace

std::string onednn_version() {
    const auto* version = dnnl::version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
           std::to_string(version->patch);
}

bool onednn_has_bf16() {
    cap_isa();
    const auto level = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    const auto bf16 = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
    return (level & bf16) == bf16;
}

std::string onednn_isa() {
    cap_isa();
    const auto level = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    const auto has = [level](dnnl::cpu_isa isa) {
        return (level & static_cast<unsigned>(isa)) == static_cast<unsigned>(isa);
    };
    if (has(dnnl::cpu_isa::avx512_core_amx)) return "AMX";
    if (has(dnnl::cpu_isa::avx512_core_bf16)) return "AVX-512 BF16";
    if (has(dnnl::cpu_isa::avx512_core_vnni)) return "AVX-512 VNNI";
    if (has(dnnl::cpu_isa::avx512_core)) return "AVX-512";
    if (has(dnnl::cpu_isa::avx2)) return "AVX2";
    return "SSE4.1";
}

struct OneDnnMatmul::Impl {
    /// What one worker needs to run one primitive without allocating.
    struct Slot {
        memory x, y, scratch;
        std::unordered_map<int, memory> arguments;
    };
    struct Shape {
        dnnl::matmul primitive;
        std::vector<Slot> slots;
    };
    using Key = std::tuple<size_t, size_t, bool>;

    size_t n = 0;
    size_t k = 0;
    memory::data_type type;
    Buffer<float> bias_values;
    memory weight;
    memory bias;
    std::vector<dnnl::stream> streams;
    std::map<Key, Shape> shapes;

    Impl(size_t n_, size_t k_, memory::data_type type_, const void* values, std::span<const float> bias_,
         size_t workers)
        : n(n_), k(k_), type(type_) {
        const OneOpenMpThread here;
        for (size_t worker = 0; worker < workers; ++worker) streams.emplace_back(engine());
        if (!bias_.empty()) {
            assert(bias_.size() == n);
            bias_values = Buffer<float>(n);
            std::copy(bias_.begin(), bias_.end(), bias_values.begin());
            bias = memory({{1, dim(n)}, memory::data_type::f32, memory::format_tag::ab}, engine(),
                          bias_values.data());
        }
        // The usual block of rows decides the layout; other numbers of rows take it as it is.
        constexpr size_t kUsualRows = 64;
        const memory::desc any({dim(k), dim(n)}, type, memory::format_tag::any);
        const auto primitive = description(kUsualRows, n, false, any);
        weight = memory(primitive.weights_desc(), engine());
        // W is [n × k]: as the right operand [k × n] it is column-major.
        const memory::desc plain({dim(k), dim(n)}, type, memory::format_tag::ba);
        memory from(plain, engine(), const_cast<void*>(values));
        dnnl::reorder(from, weight).execute(streams[0], from, weight);
        streams[0].wait();
    }

    dnnl::matmul::primitive_desc description(size_t m, size_t y_stride, bool accumulate,
                                             const memory::desc& weights) {
        const memory::desc x({dim(m), dim(k)}, type, memory::format_tag::ab);
        const memory::desc y({dim(m), dim(n)}, memory::data_type::f32, memory::dims{dim(y_stride), 1});
        const memory::desc b =
            bias_values.empty() ? memory::desc()
                                : memory::desc({1, dim(n)}, memory::data_type::f32, memory::format_tag::ab);
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        if (accumulate) {
            dnnl::post_ops operations;
            operations.append_sum(1.0F);
            attributes.set_post_ops(operations);
        }
        return describe(x, weights, b, y, attributes);
    }

    void prepare(size_t m, size_t y_stride, bool accumulate) {
        const Key key{m, y_stride, accumulate};
        if (shapes.contains(key)) return;
        const OneOpenMpThread here;  // the primitive is made for as many threads as OpenMP has now
        const auto primitive = description(m, y_stride, accumulate, weight.get_desc());
        Shape shape{dnnl::matmul(primitive), {}};
        for (size_t worker = 0; worker < streams.size(); ++worker) {
            Slot slot{memory(primitive.src_desc(), engine(), nullptr),
                      memory(primitive.dst_desc(), engine(), nullptr),
                      memory(primitive.scratchpad_desc(), engine()),
                      {}};
            slot.arguments = {{DNNL_ARG_SRC, slot.x},
                              {DNNL_ARG_WEIGHTS, weight},
                              {DNNL_ARG_DST, slot.y},
                              {DNNL_ARG_SCRATCHPAD, slot.scratch}};
            if (!bias_values.empty()) slot.arguments.emplace(DNNL_ARG_BIAS, bias);
            shape.slots.push_back(std::move(slot));
        }
        shapes.emplace(key, std::move(shape));
    }
};

OneDnnMatmul::OneDnnMatmul(MatrixView<const uint16_t> weight, std::span<const float> bias, size_t workers)
    : impl_(std::make_unique<Impl>(weight.rows, weight.cols, memory::data_type::bf16, weight.data, bias,
                                   workers)) {
    assert(weight.stride == weight.cols);
}

OneDnnMatmul::OneDnnMatmul(MatrixView<const float> weight, std::span<const float> bias, size_t workers)
    : impl_(std::make_unique<Impl>(weight.rows, weight.cols, memory::data_type::f32, weight.data, bias,
                                   workers)) {
    assert(weight.stride == weight.cols);
}

OneDnnMatmul::~OneDnnMatmul() = default;
OneDnnMatmul::OneDnnMatmul(OneDnnMatmul&&) noexcept = default;

size_t OneDnnMatmul::n() const {
    return impl_->n;
}
size_t OneDnnMatmul::k() const {
    return impl_->k;
}

void OneDnnMatmul::prepare(size_t m, size_t y_stride, bool accumulate) {
    impl_->prepare(m, y_stride, accumulate);
}

void OneDnnMatmul::execute(const void* x, size_t m, float* y, size_t y_stride, bool accumulate,
                           size_t worker) const {
    auto& shape = impl_->shapes.at({m, y_stride, accumulate});
    auto& slot = shape.slots[worker];
    slot.x.set_data_handle(const_cast<void*>(x));
    slot.y.set_data_handle(y);
    shape.primitive.execute(impl_->streams[worker], slot.arguments);
}

}  // namespace npuscribe
