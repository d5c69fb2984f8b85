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

    void attend(bool side_by_side) {
        const auto part = [&](size_t i) {
            return side_by_side ? MatrixView<float>(qkv_.data() + i * state_, frames_, state_, 3 * state_)
                                : MatrixView<float>(qkv_.data() + i * frames_ * state_, frames_, state_);
        };
        // Its result takes the queries' place and stays small: an average of values.
        attention_.run(part(0), part(1), part(2));
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
    void prepare_inputs() {
        const LayerNorm norm{{norm_.data(), state_}, {norm_.data(), state_}};
        const auto normed = preparation(&norm, simd::Numerics::bfp16, bfp16::Rounding::nearest_even);
        prepare(x_, state_, normed);
        prepare(x_, state_, preparation(nullptr, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
        prepare(x_, state_, normed);
    }
    void prepare_inner() {
        prepare(inner_, 4 * state_,
                preparation(Epilogue::gelu, simd::Numerics::bfp16, bfp16::Rounding::nearest_even));
    }

    /// bfloat16 from the array: Q, K and V, then two results that are added to x.
    void take_bf16() {
        take(bf16_, qkv_.matrix(frames_, 3 * state_), false);
        for (int i = 0; i < 2; ++i) take(bf16_out_, x_.matrix(frames_, state_), true);
    }

    /// The same of f32, row-major: copied and added.
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

double median_of(const std::function<void()>& call) {
    std::vector<double> seconds;
    call();
    for (size_t run = 0; run < kRuns; ++run) {
        const Stopwatch watch;
        call();
        seconds.push_back(watch.seconds());
    }
    return median(seconds);
}

}  // namespace

HostShare measure_host_share(const Shape& shape, ThreadPool& pool) {
    Steps steps(shape, pool);
    HostShare share;
    const auto layers = static_cast<double>(shape.layers);
    share.attention = layers * median_of([&] { steps.attend(true); });
    const double inputs = median_of([&] { steps.prepare_inputs(); });
    share.before =
        layers * (inputs + median_of([&] { steps.prepare_inner(); }) + median_of([&] { steps.take_f32(); }));
    share.now = layers * (inputs + median_of([&] { steps.take_bf16(); }));
    return share;
}

}  // namespace npuscribe::bench
