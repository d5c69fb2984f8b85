#include "encoder/self_attention.h"

#include <algorithm>
#include <numeric>

#include "base/thread_pool.h"
#include "model/dimensions.h"
#include "simd/attention/attention.h"
#include "simd/attention/attention_int8.h"
#include "simd/kernels.h"

namespace npuscribe {
namespace {

// A worker keeps a head's keys and values in its cache for this many query rows: whole groups, however they
// are multiplied.
constexpr size_t kTaskRows = std::lcm(simd::kQueryRows, simd::kTileQueryRows);

}  // namespace

SelfAttention::SelfAttention(size_t max_ctx, size_t n_head, Precision precision, ThreadPool& pool)
    : n_head_(n_head),
      element_(precision == Precision::fp32 ? simd::Element::f32 : simd::Element::bf16),
      int8_scores_((precision == Precision::int8 || precision == Precision::int8_tensor) &&
                   simd::kernels().encoder_keys == simd::KeyFormat::int8),
      pool_(pool),
      head_bytes_(simd::packed_head_size(max_ctx) * simd::bytes(element_)),
      keys_(n_head * head_bytes_),
      values_(n_head * head_bytes_),
      scratch_size_((simd::attention_scratch(max_ctx) + 15) / 16 * 16) {
    scratch_ = Buffer<float>(scratch_size_ * pool.size());
}

void SelfAttention::run(MatrixView<float> q, MatrixView<const float> k, MatrixView<const float> v,
                        size_t piece, size_t pieces) {
    const size_t n_ctx = q.rows;
    const size_t first_head = piece * n_head_ / pieces;
    const size_t count = (piece + 1) * n_head_ / pieces - first_head;
    pool_.for_each(2 * count, 1, [&](size_t task, size_t, size_t) {
        const size_t head = first_head + task / 2;
        if (task % 2 == 0) {
            const auto keys = k.cols_from(head * kHeadSize, kHeadSize);
            uint8_t* packed = keys_.data() + head * head_bytes_;
            if (int8_scores_) {
                simd::pack_int8_keys(keys, packed);
            } else {
                simd::pack_keys(keys, element_, packed);
            }
        } else {
            simd::pack_values(v.cols_from(head * kHeadSize, kHeadSize), element_,
                              values_.data() + head * head_bytes_);
        }
    });
    const size_t tasks_per_head = (n_ctx + kTaskRows - 1) / kTaskRows;
    pool_.for_each(count * tasks_per_head, 1, [&](size_t task, size_t, size_t worker) {
        const size_t head = first_head + task / tasks_per_head;
        const size_t first = task % tasks_per_head * kTaskRows;
        const auto rows =
            q.rows_from(first, std::min(kTaskRows, n_ctx - first)).cols_from(head * kHeadSize, kHeadSize);
        const simd::PackedHead packed{keys_.data() + head * head_bytes_, values_.data() + head * head_bytes_,
                                      n_ctx, element_, int8_scores_};
        simd::attend(rows, packed, rows, {scratch_.data() + worker * scratch_size_, scratch_size_});
    });
}

}  // namespace npuscribe
