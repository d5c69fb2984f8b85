#include "bench/host_share.h"

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "base/buffer.h"
#include "base/stopwatch.h"
#include "bench/statistics.h"
#include "device/array/array_plan.h"
#include "device/array/array_results.h"
#include "device/operand_rows.h"
#include "encoder/self_attention.h"
#include "simd/packing.h"
#include "simd/rows/npu_prepare.h"

namespace npuscribe::bench {
namespace {

constexpr size_t kGrain = 64;
constexpr size_t kRuns = 9;
constexpr size_t kResultBytes = size_t{96} << 20;  // several times what the caches of a laptop's CPU hold

/// Results of an array. It writes them to memory, so a CPU does not find them in its caches: each lies
/// elsewhere, until they begin again at the front.
template <class T>
class Results {
  public:
    explicit Results(size_t largest) : values_(std::max(kResultBytes / sizeof(T), 2 * largest)) {}

    Buffer<T>& values() { return values_; }
    /// Memory of the next result, of `size` values.
    const T* next(size_t size) {
        if (at_ + size > values_.size()) at_ = 0;
        const T* result = values_.data() + at_;
        at_ += size;
        return result;
    }

  private:
    Buffer<T> values_;
    size_t at_ = 0;
};

/// Memory of a layer on `frames` rows of `state` values.
class Steps {
  public:
    Steps(const Shape& shape, ThreadPool& pool)
        : state_(shape.state),
          frames_(shape.frames),
          pool_(pool),
          attention_(frames_, state_ / simd::kHeadSize, Precision::bfp16, pool),
          x_(frames_ * state_),
          qkv_(3 * frames_ * state_),
          norm_(state_),
          bf16_(gemm(3 * state_, array::Result::bf16)),
          bf16_out_(gemm(state_, array::Result::bf16)),
          tiles_(gemm(state_, array::Result::sums, 4 * state_).a_bytes()),
          results_(bf16_.c_bytes()),
          f32_results_(4 * frames_ * state_) {
        std::minstd_rand random(1);
        std::normal_distribution<float> normal;
        for (Buffer<float>* values : {&x_, &qkv_, &norm_}) {
            for (float& value : *values) value = normal(random);
        }
        size_t i = 0;
        for (float& value : f32_results_.values()) value = qkv_[i++ % qkv_.size()];
        std::fill(results_.values().begin(), results_.values().end(), uint8_t{0});
    }

    /// Heads of one of kAttentionPieces, or all.
    void attend(size_t piece, size_t pieces) {
        const auto part = [&](size_t i) {
            return MatrixView<float>(qkv_.data() + i * state_, frames_, state_, 3 * state_);
        };
        // Its result takes the queries' place and stays small: an average of values.
        attention_.run(part(0), part(1), part(2), piece, pieces);
    }

    /// Into tiles: `values` [frames × cols], after norm or GELU.
    void prepare(const float* values, size_t cols, simd::RowPreparation how) {
        bfp16::TileLayout layout = gemm(state_, array::Result::sums, cols).a_layout();
        layout.cols = cols;
        const MatrixView<const float> x(values, frames_, cols);
        pool_.for_each(frames_, kGrain, [&](size_t from, size_t to, size_t) {
            simd::prepare_for_npu(x.rows_from(from, to - from), how, layout, from,
                                  {tiles_.data(), tiles_.size()});
        });
    }
    void prepare_normed() {
        const LayerNorm norm{{norm_.data(), state_}, {norm_.data(), state_}};
        prepare(x_.data(), state_, preparation(&norm, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
    }
    void prepare_plain() {
        prepare(x_.data(), state_,
                preparation(nullptr, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
    }
    void prepare_inner() {
        prepare(f32_results_.next(4 * frames_ * state_), 4 * state_,
                preparation(Epilogue::gelu, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
    }

    /// bfloat16 from the array: Q, K and V; and a result that is added to x, of which a layer has two.
    void take_inputs() { take(bf16_, qkv_.matrix(frames_, 3 * state_), false); }
    void take_result() { take(bf16_out_, x_.matrix(frames_, state_), true); }

    /// The same of f32, row-major: Q, K and V are copied; a result is added to x.
    void copy_inputs() {
        const float* result = f32_results_.next(qkv_.size());
        pool_.for_each(3 * frames_, kGrain, [&](size_t from, size_t to, size_t) {
            std::copy(result + from * state_, result + to * state_, qkv_.data() + from * state_);
        });
    }
    void add_result() {
        const float* result = f32_results_.next(x_.size());
        pool_.for_each(frames_, kGrain, [&](size_t from, size_t to, size_t) {
            for (size_t at = from * state_; at < to * state_; ++at) x_[at] += result[at];
        });
    }

  private:
    array::Gemm gemm(size_t n, array::Result result, size_t k = 0) const {
        const auto& plan = array::Plan::built_in();
        const size_t depth = k != 0 ? k : state_;
        const size_t rows = std::min(frames_, plan.max_rows());
        return plan.gemm(plan.program_for(array::Kernel::bfp16, depth), rows, depth, n, result);
    }

    void take(const array::Gemm& gemm, MatrixView<float> to, bool add) {
        const auto layout = array::result_layout(gemm);
        const std::span<const uint8_t> result(results_.next(gemm.c_bytes()), gemm.c_bytes());
        pool_.for_each(frames_, kGrain, [&](size_t from, size_t end, size_t) {
            simd::take_results(result, layout, from, add, to.rows_from(from, end - from));
        });
    }

    size_t state_, frames_;
    ThreadPool& pool_;
    SelfAttention attention_;
    Buffer<float> x_, qkv_, norm_;
    array::Gemm bf16_, bf16_out_;
    Buffer<uint8_t> tiles_;
    Results<uint8_t> results_;
    Results<float> f32_results_;
};

/// A step, and where its seconds are added.
struct Timed {
    double* seconds;
    std::function<void()> run;
};

/// Runs the steps of a layer in their order, so that each finds in the caches what those before it left
/// there, and adds the median of each.
void measure(const std::vector<Timed>& layer) {
    std::vector<std::vector<double>> seconds(layer.size());
    for (size_t run = 0; run <= kRuns; ++run) {
        for (size_t i = 0; i < layer.size(); ++i) {
            const Stopwatch watch;
            layer[i].run();
            if (run > 0) seconds[i].push_back(watch.seconds());  // the first warms up
        }
    }
    for (size_t i = 0; i < layer.size(); ++i) *layer[i].seconds += median(seconds[i]);
}

}  // namespace

HostShare measure_host_share(const Shape& shape, ThreadPool& pool) {
    Steps steps(shape, pool);
    double before = 0, now = 0, attention = 0, unused = 0;
    const Timed attend{&attention, [&] { steps.attend(0, 1); }};
    measure({{&before, [&] { steps.prepare_normed(); }},
             {&before, [&] { steps.copy_inputs(); }},
             {&unused, attend.run},
             {&before, [&] { steps.prepare_plain(); }},
             {&before, [&] { steps.add_result(); }},
             {&before, [&] { steps.prepare_normed(); }},
             {&before, [&] { steps.prepare_inner(); }},
             {&before, [&] { steps.add_result(); }}});

    HostLayer layer;
    const auto now_with = [&](const std::vector<Timed>& attending) {
        layer = {};
        std::vector<Timed> order = {{&layer.prepare_normed, [&] { steps.prepare_normed(); }},
                                    {&layer.take_inputs, [&] { steps.take_inputs(); }}};
        order.insert(order.end(), attending.begin(), attending.end());
        order.push_back({&layer.prepare, [&] { steps.prepare_plain(); }});
        order.push_back({&layer.take_result, [&] { steps.take_result(); }});
        order.push_back({&layer.prepare_normed, [&] { steps.prepare_normed(); }});
        order.push_back({&layer.take_result, [&] { steps.take_result(); }});
        measure(order);
        now = layer.prepare_normed + layer.take_inputs + layer.prepare + layer.take_result;
    };
    std::vector<Timed> pieces;
    for (size_t i = 0; i < kAttentionPieces; ++i)
        pieces.push_back({&layer.attention.at(i), [&steps, i] { steps.attend(i, kAttentionPieces); }});
    now_with(pieces);
    const HostLayer in_pieces = layer;
    now_with({attend});

    const auto layers = static_cast<double>(shape.layers);
    HostShare share;
    share.attention = layers * attention;
    share.before = layers * before;
    share.now = layers * now;
    share.layer = in_pieces;
    share.layer.prepare_normed /= 2;  // of which a layer has two
    share.layer.take_result /= 2;
    return share;
}

}  // namespace npuscribe::bench
