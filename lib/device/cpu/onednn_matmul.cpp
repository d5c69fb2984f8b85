#include "device/cpu/onednn_matmul.h"

#include <cassert>
#include <cstring>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/openmp.h"
#include "base/thread_pool.h"
#include "device/cpu/onednn_primitive.h"

namespace npuscribe {
namespace {

using dnnl::memory;
using onednn::dim;
using onednn::engine;

/// A layout of blocks within blocks that oneDNN chose for a right operand [k × n] of 16-bit values. The place
/// of (row, column) is the sum of a term for the row and a term for the column.
struct BlockedLayout {
    std::vector<uint32_t> of_row, of_column;
    bool padded = false;    // the layout has places that hold no value
    bool in_pairs = false;  // rows 2i and 2i + 1 of a column are neighbours

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

    /// Writes columns [first, …) of the right operand; `columns` has one of them in each row.
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

struct OneDnnMatmul::Impl {
    using Key = std::tuple<size_t, size_t, bool>;

    size_t n = 0;
    size_t k = 0;
    memory::data_type type;
    Buffer<float> bias_values;
    Buffer<uint8_t> weight_values;
    memory weight;
    memory bias;
    std::vector<dnnl::stream> streams;
    std::map<Key, onednn::Primitive> shapes;

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
        // The usual number of rows decides the layout, and all other numbers of rows use it too.
        constexpr size_t kUsualRows = 64;
        const memory::desc any({dim(k), dim(n)}, type, memory::format_tag::any);
        const memory::desc packed = description(kUsualRows, n, false, any).weights_desc();
        weight_values = Buffer<uint8_t>(packed.get_size(), Pages::huge);
        weight = memory(packed, engine(), weight_values.data());
    }

    /// W is [n × k]: as the right operand [k × n] it is column-major.
    void reorder(const void* values) {
        const memory::desc plain({dim(k), dim(n)}, type, memory::format_tag::ba);
        memory from(plain, engine(), onednn::input(values));
        dnnl::reorder(from, weight).execute(streams[0], from, weight);
        streams[0].wait();
    }

    void pack(const Bf16Rows& rows, ThreadPool& pool) {
        const auto layout = BlockedLayout::of(weight.get_desc(), k, n);
        if (!layout) {  // only oneDNN itself can write this layout
            Buffer<uint16_t> whole(n * k);
            rows(0, whole.matrix(n, k));
            reorder(whole.data());
            return;
        }
        auto* out = reinterpret_cast<uint16_t*>(weight_values.data());
        if (layout->padded) std::memset(out, 0, weight_values.size());
        std::vector<Buffer<uint16_t>> scratch(pool.size());
        constexpr size_t kPieceRows = 64;  // a piece of this many rows stays in a worker's cache
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
        if (accumulate) {
            dnnl::post_ops operations;
            operations.append_sum(1.0F);
            attributes.set_post_ops(operations);
        }
        return onednn::describe(x, weights, b, y, attributes);
    }

    void prepare(size_t m, size_t y_stride, bool accumulate) {
        const Key key{m, y_stride, accumulate};
        if (shapes.contains(key)) return;
        const OneOpenMpThread here;
        const auto primitive = description(m, y_stride, accumulate, weight.get_desc());
        shapes.emplace(key, onednn::Primitive(primitive, weight, bias, streams.size()));
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
    impl_->shapes.at({m, y_stride, accumulate}).execute(x, y, impl_->streams[worker], worker);
}

}  // namespace npuscribe
