#include "decoder/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "decoder/cross_cache.h"
#include "decoder/decoder_weights.h"
#include "decoder/self_cache.h"
#include "device/cpu/cpu_device.h"
#include "simd/attention/attention.h"
#include "simd/attention/attention_int8.h"
#include "simd/kernels.h"

namespace npuscribe {
namespace {

simd::Element element_for(Precision precision) {
    return precision == Precision::fp32 ? simd::Element::f32 : simd::Element::bf16;
}

/// What weights are rounded to. BFP16 also if the encoder multiplies in 8 bits, so that a converted model,
/// whose weights are BFP16, gives the same results.
simd::Numerics numerics_for(Precision precision) {
    if (precision == Precision::fp32) return simd::Numerics::f32;
    return precision == Precision::bf16 ? simd::Numerics::bf16 : simd::Numerics::bfp16;
}

/// How weights are stored: BFP16 values as blocks if the CPU can multiply those.
simd::Element weight_element(Precision precision) {
    const bool bfp16 = numerics_for(precision) == simd::Numerics::bfp16;
    return bfp16 ? simd::kernels().decoder_weights : element_for(precision);
}

/// What the audio's keys and values are computed in. They may be kept in 8 bits, so 8-bit operands lose
/// hardly anything; but one scale for all of the audio is too coarse.
Precision audio_precision(Precision precision) {
    return precision == Precision::int8_tensor ? Precision::int8 : precision;
}

CrossFormat cross_format(const DecoderSetup& options) {
    if (options.precision == Precision::fp32) return CrossFormat::f32;
    const bool int8 = simd::kernels().audio == simd::KeyFormat::int8;
    return options.compact_audio && int8 ? CrossFormat::int8 : CrossFormat::bf16;
}

/// This worker's share of `count` things, as [first, last).
struct Share {
    Share(size_t count, size_t worker, size_t workers)
        : first(count * worker / workers), last(count * (worker + 1) / workers) {}
    size_t first, last;
    size_t size() const { return last - first; }
};

/// Neighbouring rows of a step with the same audio slot: their queries share a pass over its keys and values.
struct AudioRows {
    size_t audio, first, count;
    size_t frames;     // whose attention is kept; 0: none
    size_t attention;  // its offset: [alignment head][row][frames, in whole blocks of 16]

    size_t stride() const { return simd::lane_blocks(frames) * simd::kLaneBlock; }
};

constexpr size_t kNoAlignment = static_cast<size_t>(-1);

/// For each head, at [layer·heads + head], its number among the alignment heads, or kNoAlignment.
std::vector<size_t> number_alignment_heads(const Checkpoint& checkpoint) {
    const Dimensions& d = checkpoint.dimensions();
    std::vector<size_t> numbers(d.n_text_layer * d.n_text_head, kNoAlignment);
    size_t next = 0;
    for (const auto& [layer, head] : checkpoint.alignment_heads()) {
        size_t& number = numbers[static_cast<size_t>(layer) * d.n_text_head + static_cast<size_t>(head)];
        if (number == kNoAlignment) number = next++;
    }
    if (next > 0) return numbers;
    for (size_t i = d.n_text_layer / 2 * d.n_text_head; i < numbers.size(); ++i) numbers[i] = next++;
    return numbers;
}

}  // namespace

struct WhisperDecoder::Impl {
    Impl(const Checkpoint& checkpoint, ThreadPool& pool_, const DecoderSetup& options)
        : dimensions(checkpoint.dimensions()),
          pool(pool_),
          max_sequences(options.max_sequences),
          max_audio(options.max_audio),
          element(element_for(options.precision)),
          device(make_cpu_device({audio_precision(options.precision), {}}, pool_)),
          weight_format(weight_element(options.precision)),
          weights(checkpoint, numerics_for(options.precision), weight_format, pool_),
          self(options.max_sequences, dimensions.n_text_layer, dimensions.n_text_head, dimensions.n_text_ctx,
               element),
          cross(checkpoint, options.max_audio, cross_format(options), *device, pool_),
          alignment(number_alignment_heads(checkpoint)),
          alignment_heads(alignment.size() -
                          static_cast<size_t>(std::count(alignment.begin(), alignment.end(), kNoAlignment))) {
        reserve(options.max_sequences);
    }

    /// Makes room for steps of `rows` rows: a whole prompt may be longer than the batch.
    void reserve(size_t rows) {
        if (rows <= room) return;
        room = rows;
        const size_t state = dimensions.n_text_state;
        x = Buffer<float>(rows * state);
        qkv = Buffer<float>(rows * 3 * state);
        inner = Buffer<float>(rows * 4 * state);
        wanted = Buffer<float>(rows * state);
        left.clear();
        for (size_t worker = 0; worker < pool.size(); ++worker)
            left.emplace_back(rows, 4 * state, weight_format);
        const size_t floats = std::max(cross.scratch_size(), dimensions.n_text_ctx);
        scratch_size = (floats + 15) / 16 * 16;
        scratch = Buffer<float>(scratch_size * pool.size());
    }

    void check(std::span<const StepRow> rows) const {
        for (const auto& row : rows) {
            const bool fits =
                row.sequence >= 0 && static_cast<size_t>(row.sequence) < max_sequences && row.audio >= 0 &&
                static_cast<size_t>(row.audio) < max_audio && row.token >= 0 &&
                static_cast<size_t>(row.token) < dimensions.n_vocab && row.position >= 0 &&
                static_cast<size_t>(row.position) < dimensions.n_text_ctx &&
                cross.n_ctx(static_cast<size_t>(row.audio)) > 0 && row.attention_frames >= 0 &&
                static_cast<size_t>(row.attention_frames) <= cross.n_ctx(static_cast<size_t>(row.audio));
            if (fits) continue;
            throw ModelError(
                fmt::format("a decoder step has a row that does not fit: sequence {}, audio {}, token {}, "
                            "position {}, attention to {} frames",
                            row.sequence, row.audio, row.token, row.position, row.attention_frames));
        }
    }

    void group(std::span<const StepRow> rows) {
        groups.clear();
        for (size_t r = 0; r < rows.size(); ++r) {
            const auto audio = static_cast<size_t>(rows[r].audio);
            const auto frames = static_cast<size_t>(rows[r].attention_frames);
            if (groups.empty() || groups.back().audio != audio || groups.back().frames != frames)
                groups.push_back({audio, r, 0, frames, 0});
            ++groups.back().count;
        }
        size_t floats = 0;
        for (AudioRows& rows_of_audio : groups) {
            rows_of_audio.attention = floats;
            floats += alignment_heads * rows_of_audio.count * rows_of_audio.stride();
        }
        attention.reserve_discard(floats);
    }

    void embed(std::span<const StepRow> rows) {
        const size_t state = dimensions.n_text_state;
        for (size_t r = 0; r < rows.size(); ++r) {
            const std::span<float> out(x.data() + r * state, state);
            weights.embedding.unpack_row(static_cast<size_t>(rows[r].token), out);
            const float* position = weights.positions.data() + static_cast<size_t>(rows[r].position) * state;
            for (size_t i = 0; i < state; ++i) out[i] += position[i];
        }
    }

    std::span<float> scratch_of(size_t worker) {
        return {scratch.data() + worker * scratch_size, scratch_size};
    }

    /// This worker's part of y = left·Wᵀ + b.
    void project(const PackedLinear& linear, size_t worker, bool accumulate, MatrixView<float> y) {
        const Share share(linear.weight.blocks(), worker, pool.size());
        simd::project(linear.weight, left[worker], {share.first, share.size()},
                      {y, linear.bias.data(), accumulate});
    }

    /// Workers share heads, not rows, so that a head's new keys and values are stored before its rows read
    /// them.
    void self_attention(size_t layer, std::span<const StepRow> rows, size_t worker) {
        const size_t state = dimensions.n_text_state;
        const Share heads(dimensions.n_text_head, worker, pool.size());
        for (size_t head = heads.first; head < heads.last; ++head) {
            uint8_t* keys = self.keys(layer, head);
            uint8_t* values = self.values(layer, head);
            for (size_t r = 0; r < rows.size(); ++r) {
                const auto sequence = static_cast<size_t>(rows[r].sequence);
                const auto position = static_cast<size_t>(rows[r].position);
                float* q = qkv.data() + r * 3 * state + head * kHeadSize;
                const size_t* places = self.rows(sequence);
                const size_t offset = places[position] * self.row_bytes();
                simd::store_row(q + state, element, keys + offset);
                simd::store_row(q + 2 * state, element, values + offset);
                simd::attend_rows(q, {keys, values, position + 1, element, places}, q, scratch_of(worker));
            }
        }
    }

    void cross_attention(size_t layer, MatrixView<float> q, size_t worker) {
        const Share tasks(groups.size() * dimensions.n_text_head, worker, pool.size());
        for (size_t task = tasks.first; task < tasks.last; ++task) {
            const auto& group = groups[task / dimensions.n_text_head];
            const size_t head = task % dimensions.n_text_head;
            const auto rows = q.rows_from(group.first, group.count).cols_from(head * kHeadSize, kHeadSize);
            const size_t number = alignment[layer * dimensions.n_text_head + head];
            if (group.frames > 0 && number != kNoAlignment) {
                float* kept = attention.data() + group.attention + number * group.count * group.stride();
                cross.weigh(group.audio, layer, head, rows,
                            {kept, group.count, group.frames, group.stride()});
            }
            cross.attend(group.audio, layer, head, rows, scratch_of(worker));
        }
    }

    /// One worker's part of a layer; all workers run it together.
    void layer(size_t index, std::span<const StepRow> rows, size_t worker) {
        const auto& w = weights.layers[index];
        const size_t state = dimensions.n_text_state;
        const MatrixView<float> hidden(x.data(), rows.size(), state);
        const MatrixView<float> all(qkv.data(), rows.size(), 3 * state);
        const MatrixView<float> q(qkv.data(), rows.size(), state, 3 * state);
        const MatrixView<float> mlp(inner.data(), rows.size(), 4 * state);
        auto& operand = left[worker];
        auto& barrier = pool.barrier();

        operand.assign_normalised(hidden, w.self_norm.weight.data(), w.self_norm.bias.data());
        project(w.self_qkv, worker, false, all);
        barrier.arrive_and_wait();
        self_attention(index, rows, worker);
        barrier.arrive_and_wait();
        operand.assign(q);
        project(w.self_out, worker, true, hidden);
        barrier.arrive_and_wait();

        operand.assign_normalised(hidden, w.cross_norm.weight.data(), w.cross_norm.bias.data());
        project(w.cross_query, worker, false, q);
        barrier.arrive_and_wait();
        cross_attention(index, q, worker);
        barrier.arrive_and_wait();
        operand.assign(q);
        project(w.cross_out, worker, true, hidden);
        barrier.arrive_and_wait();

        operand.assign_normalised(hidden, w.mlp_norm.weight.data(), w.mlp_norm.bias.data());
        project(w.fc1, worker, false, mlp);
        barrier.arrive_and_wait();
        operand.assign_gelu(mlp);
        project(w.fc2, worker, true, hidden);
        barrier.arrive_and_wait();
    }

    void step(std::span<const StepRow> rows, MatrixView<float> logits) {
        check(rows);
        if (rows.empty()) return;
        reserve(rows.size());
        group(rows);
        embed(rows);
        for (const StepRow& row : rows)
            self.begin_row(static_cast<size_t>(row.sequence), static_cast<size_t>(row.position));
        const size_t state = dimensions.n_text_state;
        pool.run([&](size_t worker) {
            for (size_t i = 0; i < weights.layers.size(); ++i) layer(i, rows, worker);
            if (worker == 0) {
                size_t next = 0;
                for (size_t r = 0; r < rows.size(); ++r) {
                    if (rows[r].want_logits)
                        std::copy_n(x.data() + r * state, state, wanted.data() + next++ * state);
                }
                assert(next == logits.rows);
            }
            pool.barrier().arrive_and_wait();
            if (logits.rows == 0) return;
            left[worker].assign_normalised({wanted.data(), logits.rows, state}, weights.norm.weight.data(),
                                           weights.norm.bias.data());
            const Share share(weights.embedding.blocks(), worker, pool.size());
            simd::project(weights.embedding, left[worker], {share.first, share.size()}, {logits});
        });
    }

    const Dimensions dimensions;
    ThreadPool& pool;
    const size_t max_sequences;
    const size_t max_audio;
    const simd::Element element;           // of the caches
    const std::unique_ptr<Device> device;  // makes cross-attention keys and values
    const simd::Element weight_format;
    DecoderWeights weights;
    SelfCache self;
    CrossCache cross;
    const std::vector<size_t> alignment;  // number_alignment_heads
    const size_t alignment_heads;

    size_t room = 0;
    Buffer<float> x;       // [rows × state]
    Buffer<float> qkv;     // [rows × 3·state]; its first third serves as cross-attention's queries too
    Buffer<float> inner;   // [rows × 4·state]
    Buffer<float> wanted;  // rows that want logits
    std::vector<simd::LeftRows>
        left;  // one for each worker: making the whole operand costs less than a barrier
    std::vector<AudioRows> groups;
    Buffer<float> attention;  // of the groups that keep it
    size_t scratch_size = 0;
    Buffer<float> scratch;
};

WhisperDecoder::WhisperDecoder(const Checkpoint& checkpoint, ThreadPool& pool, const DecoderSetup& options)
    : impl_(std::make_unique<Impl>(checkpoint, pool, options)) {}
WhisperDecoder::~WhisperDecoder() = default;

const Dimensions& WhisperDecoder::dimensions() const {
    return impl_->dimensions;
}
size_t WhisperDecoder::max_sequences() const {
    return impl_->max_sequences;
}
size_t WhisperDecoder::max_audio() const {
    return impl_->max_audio;
}

void WhisperDecoder::set_audio(int audio, MatrixView<const float> encoder_output) {
    impl_->cross.fill(static_cast<size_t>(audio), encoder_output);
}

void WhisperDecoder::step(std::span<const StepRow> rows, MatrixView<float> logits) {
    impl_->step(rows, logits);
}

size_t WhisperDecoder::alignment_heads() const {
    return impl_->alignment_heads;
}

std::span<const float> WhisperDecoder::attention(size_t head, size_t row) const {
    for (const AudioRows& group : impl_->groups) {
        if (row < group.first || row >= group.first + group.count || head >= impl_->alignment_heads) continue;
        const size_t index = head * group.count + row - group.first;
        return {impl_->attention.data() + group.attention + index * group.stride(), group.frames};
    }
    return {};
}

void WhisperDecoder::copy_sequence(int from, int to, int length) {
    impl_->self.copy(static_cast<size_t>(from), static_cast<size_t>(to), static_cast<size_t>(length));
}

void WhisperDecoder::share_sequence(int from, int to, int length) {
    impl_->self.share(static_cast<size_t>(from), static_cast<size_t>(to), static_cast<size_t>(length));
}

}  // namespace npuscribe
