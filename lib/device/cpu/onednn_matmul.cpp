#include "device/cpu/onednn_matmul.h"

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <dnnl.hpp>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/buffer.h"
#include "base/openmp.h"
#include "base/thread_pool.h"
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

/// A layout that oneDNN made of blocks within blocks, of 16-bit values, for a right operand [k × n]: the
/// place of (row, column) is a sum of a term of the row and one of the column.
struct BlockedLayout {
    std::vector<uint32_t> of_row, of_column;
    bool padded = false;  // there are places that no value goes to
    bool in_pairs = false;

    static std::optional<BlockedLayout> of(const memory::desc& desc, size_t k, size_t n) {
#if DNNL_VERSION_MAJOR >= 3
        if (desc.get_format_kind() != memory::format_kind::blocked) return std::nullopt;
        const memory::dims strides = desc.get_strides(), blocks = desc.get_inner_blks(),
                           dimensions = desc.get_inner_idxs();
        const auto levels = static_cast<size_t>(desc.get_inner_nblks());
        const memory::dim offset = desc.get_submemory_offset();
#else
        if (desc.data.format_kind != dnnl_blocked || desc.data.extra.flags != 0) return std::nullopt;
        const auto& blocking = desc.data.format_desc.blocking;
        const auto &strides = blocking.strides, &blocks = blocking.inner_blks,
                   &dimensions = blocking.inner_idxs;
        const auto levels = static_cast<size_t>(blocking.inner_nblks);
        const memory::dim offset = desc.data.offset0;
#endif
        if (offset != 0 || desc.get_size() / sizeof(uint16_t) > UINT32_MAX) return std::nullopt;
        const auto places = [&](size_t count, memory::dim dimension) {
            std::vector<uint32_t> place(count);
            for (size_t i = 0; i < count; ++i) {
                size_t rest = i, inner_stride = 1, at = 0;
                for (size_t level = levels; level-- > 0;) {  // innermost first
                    const auto block = static_cast<size_t>(blocks[level]);
                    if (dimensions[level] == dimension) {
                        at += rest % block * inner_stride;
                        rest /= block;
                    }
                    inner_stride *= block;
                }
                place[i] = static_cast<uint32_t>(at + rest * static_cast<size_t>(strides[dimension]));
            }
            return place;
        };
        BlockedLayout layout{places(k, 0), places(n, 1)};
        layout.padded = desc.get_size() != k * n * sizeof(uint16_t);
        layout.in_pairs = k % 2 == 0;
        for (size_t i = 0; layout.in_pairs && i < k; i += 2)
            layout.in_pairs = layout.of_row[i + 1] == layout.of_row[i] + 1;
        return layout;
    }

    /// `columns` are columns [first, …) of the right operand, one a row.
    void write(MatrixView<const uint16_t> columns, size_t first, uint16_t* out) const {
        for (size_t c = 0; c < columns.rows; ++c) {
            const uint16_t* column = columns.row(c);
            uint16_t* to = out + of_column[first + c];
            if (in_pairs) {
                for (size_t i = 0; i < columns.cols; i += 2) std::memcpy(to + of_row[i], column + i, 4);
            } else {
                for (size_t i = 0; i < columns.cols; ++i) to[of_row[i]] = column[i];
            }
        }
    }
};

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
    Buffer<uint8_t> weight_values;
    memory weight;
    memory bias;
    std::vector<dnnl::stream> streams;
    std::map<Key, Shape> shapes;

    Impl(size_t n_, size_t k_, memory::data_type type_, std::span<const float> bias_, size_t workers)
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
        const memory::desc packed = description(kUsualRows, n, false, any).weights_desc();
        weight_values = Buffer<uint8_t>(packed.get_size(), Pages::huge);
        weight = memory(packed, engine(), weight_values.data());
    }

    /// W is [n × k]: as the right operand [k × n] it is column-major.
    void reorder(const void* values) {
        const memory::desc plain({dim(k), dim(n)}, type, memory::format_tag::ba);
        memory from(plain, engine(), const_cast<void*>(values));
        dnnl::reorder(from, weight).execute(streams[0], from, weight);
        streams[0].wait();
    }

    void pack(const Bf16Rows& rows, ThreadPool& pool) {
        const auto layout = BlockedLayout::of(weight.get_desc(), k, n);
        if (!layout) {  // one that only oneDNN itself can write
            Buffer<uint16_t> whole(n * k);
            rows(0, whole.matrix(n, k));
            reorder(whole.data());
            return;
        }
        auto* out = reinterpret_cast<uint16_t*>(weight_values.data());
        if (layout->padded) std::memset(out, 0, weight_values.size());
        std::vector<Buffer<uint16_t>> scratch(pool.size());
        constexpr size_t kPieceRows = 64;  // of them, one worker's piece stays in its cache
        pool.for_each(n, kPieceRows, [&](size_t begin, size_t end, size_t worker) {
            scratch[worker].reserve_discard(kPieceRows * k);
            const auto piece = scratch[worker].matrix(end - begin, k);
            rows(begin, piece);
            layout->write(std::as_const(scratch[worker]).matrix(end - begin, k), begin, out);
        });
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
    : impl_(std::make_unique<Impl>(weight.rows, weight.cols, memory::data_type::bf16, bias, workers)) {
    assert(weight.stride == weight.cols);
    impl_->reorder(weight.data);
}

OneDnnMatmul::OneDnnMatmul(size_t n, size_t k, const Bf16Rows& weight, std::span<const float> bias,
                           ThreadPool& pool)
    : impl_(std::make_unique<Impl>(n, k, memory::data_type::bf16, bias, pool.size())) {
    impl_->pack(weight, pool);
}

OneDnnMatmul::OneDnnMatmul(MatrixView<const float> weight, std::span<const float> bias, size_t workers)
    : impl_(std::make_unique<Impl>(weight.rows, weight.cols, memory::data_type::f32, bias, workers)) {
    assert(weight.stride == weight.cols);
    impl_->reorder(weight.data);
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
