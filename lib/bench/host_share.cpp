#include "bench/host_share.h"

#include <algorithm>
#include <functional>
#include <random>
#include <utility>
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
          inner_(4 * frames_ * state_),
          norm_(state_),
          bf16_(gemm(3 * state_, array::Result::bf16)),
          bf16_out_(gemm(state_, array::Result::bf16)),
          tiles_(gemm(state_, array::Result::sums, 4 * state_).a_bytes()),
          result_(gemm(3 * state_, array::Result::bf16).c_bytes()),
          f32_(inner_.size()) {
        std::minstd_rand random(1);
        std::normal_distribution<float> normal;
        for (Buffer<float>* values : {&x_, &qkv_, &inner_, &norm_, &f32_}) {
            for (float& value : *values) value = normal(random);
        }
        std::fill(result_.begin(), result_.end(), uint8_t{0});
    }

    /// Heads of one of kAttentionPieces, or all.
    void attend(size_t piece, size_t pieces) {
        const auto part = [&](size_t i) {
            return MatrixView<float>(qkv_.data() + i * state_, frames_, state_, 3 * state_);
        };
        const size_t begin = piece * attention_.heads() / pieces,
                     end = (piece + 1) * attention_.heads() / pieces;
        // Its result takes the queries' place and stays small: an average of values.
        attention_.run(part(0), part(1), part(2), begin, end - begin);
    }

    /// Into tiles: `values` [frames × cols], after norm or GELU.
    void prepare(const Buffer<float>& values, size_t cols, simd::RowPreparation how) {
        bfp16::TileLayout layout = gemm(state_, array::Result::sums, cols).a_layout();
        layout.cols = cols;
        const MatrixView<const float> x = values.matrix(frames_, cols);
        pool_.for_each(frames_, kGrain, [&](size_t from, size_t to, size_t) {
            simd::prepare_for_npu(x.rows_from(from, to - from), how, layout, from,
                                  {tiles_.data(), tiles_.size()});
        });
    }
    void prepare_normed() {
        const LayerNorm norm{{norm_.data(), state_}, {norm_.data(), state_}};
        prepare(x_, state_, preparation(&norm, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
    }
    void prepare_plain() {
        prepare(x_, state_, preparation(nullptr, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
    }
    void prepare_inner() {
        prepare(inner_, 4 * state_,
                preparation(Epilogue::gelu, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
    }

    /// bfloat16 from the array: Q, K and V; and a result that is added to x, of which a layer has two.
    void take_inputs() { take(bf16_, qkv_.matrix(frames_, 3 * state_), false); }
    void take_result() { take(bf16_out_, x_.matrix(frames_, state_), true); }

    /// All of a layer's results as f32, row-major: copied and added.
    void take_f32() {
        const size_t size = frames_ * state_;
        pool_.for_each(frames_, kGrain, [&](size_t from, size_t to, size_t) {
            for (size_t i = 0; i < 3; ++i)
                std::copy(f32_.data() + i * size + from * state_, f32_.data() + i * size + to * state_,
                          qkv_.data() + i * size + from * state_);
            for (size_t i = 0; i < 2; ++i) {
                const float* add = f32_.data() + i * size;
                float* x = x_.data();
                for (size_t at = from * state_; at < to * state_; ++at) x[at] += add[at];
            }
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
        pool_.for_each(frames_, kGrain, [&](size_t from, size_t end, size_t) {
            simd::take_results({result_.data(), result_.size()}, layout, from, add,
                               to.rows_from(from, end - from));
        });
    }

    size_t state_, frames_;
    ThreadPool& pool_;
    SelfAttention attention_;
    Buffer<float> x_, qkv_, inner_, norm_;
    array::Gemm bf16_, bf16_out_;
    Buffer<uint8_t> tiles_, result_;
    Buffer<float> f32_;
};

}  // namespace

HostShare measure_host_share(const Shape& shape, ThreadPool& pool) {
    Steps steps(shape, pool);
    HostLayer layer;
    double attention = 0, prepare_inner = 0, take_f32 = 0;
    std::vector<std::pair<double*, std::function<void()>>> phases = {
        {&layer.take_inputs, [&] { steps.take_inputs(); }},
        {&attention, [&] { steps.attend(0, 1); }},
        {&layer.prepare, [&] { steps.prepare_plain(); }},
        {&layer.take_result, [&] { steps.take_result(); }},
        {&layer.prepare_normed, [&] { steps.prepare_normed(); }},
        {&prepare_inner, [&] { steps.prepare_inner(); }},
        {&take_f32, [&] { steps.take_f32(); }},
    };
    for (size_t i = 0; i < kAttentionPieces; ++i)
        phases.emplace_back(&layer.attention.at(i), [&steps, i] { steps.attend(i, kAttentionPieces); });
    // Phases take turns, so that a disturbance does not hit one of them alone.
    std::vector<std::vector<double>> seconds(phases.size());
    for (size_t run = 0; run <= kRuns; ++run) {
        for (size_t i = 0; i < phases.size(); ++i) {
            const Stopwatch watch;
            phases[i].second();
            if (run > 0) seconds[i].push_back(watch.seconds());  // the first warms up
        }
    }
    for (size_t i = 0; i < phases.size(); ++i) *phases[i].first = median(seconds[i]);

    const auto layers = static_cast<double>(shape.layers);
    const double inputs = 2 * layer.prepare_normed + layer.prepare;
    HostShare share;
    share.attention = layers * attention;
    share.before = layers * (inputs + prepare_inner + take_f32);
    share.now = layers * (inputs + layer.take_inputs + 2 * layer.take_result);
    share.layer = layer;
    return share;
}

}  // namespace npuscribe::bench
