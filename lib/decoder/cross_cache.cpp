#include "decoder/cross_cache.h"

#include <fmt/format.h>

#include <string>

#include "base/thread_pool.h"
#include "device/load_linear.h"
#include "simd/attention/attention.h"
#include "simd/attention/attention_int8.h"

namespace npuscribe {
namespace {

simd::Element element_of(CrossFormat format) {
    return format == CrossFormat::f32 ? simd::Element::f32 : simd::Element::bf16;
}

size_t head_bytes(CrossFormat format, size_t n_ctx) {
    if (format == CrossFormat::int8) return simd::int8_head_bytes(n_ctx);
    return 2 * simd::packed_head_size(n_ctx) * simd::bytes(element_of(format));
}

}  // namespace

CrossCache::CrossCache(const Checkpoint& checkpoint, size_t slots, CrossFormat format, Device& device,
                       ThreadPool& pool)
    : device_(device),
      pool_(pool),
      dimensions_(checkpoint.dimensions()),
      format_(format),
      operand_(device.make_operand(dimensions_.n_audio_ctx, dimensions_.n_audio_state)),
      projected_keys_(dimensions_.n_audio_ctx * dimensions_.n_text_state),
      projected_values_(dimensions_.n_audio_ctx * dimensions_.n_text_state),
      slots_(slots),
      n_ctx_(slots, 0),
      head_bytes_(slots, 0) {
    for (size_t layer = 0; layer < dimensions_.n_text_layer; ++layer) {
        const auto block = fmt::format("decoder.blocks.{}.cross_attn.", layer);
        keys_.push_back(load_linear(checkpoint, block + "key", device));
        values_.push_back(load_linear(checkpoint, block + "value", device));
    }
}

uint8_t* CrossCache::head(size_t slot, size_t layer, size_t head) {
    return slots_[slot].data() + (layer * dimensions_.n_text_head + head) * head_bytes_[slot];
}

const uint8_t* CrossCache::head(size_t slot, size_t layer, size_t head) const {
    return slots_[slot].data() + (layer * dimensions_.n_text_head + head) * head_bytes_[slot];
}

void CrossCache::fill(size_t slot, MatrixView<const float> encoder_output) {
    const size_t n_ctx = encoder_output.rows;
    const size_t heads = dimensions_.n_text_head;
    auto& storage = slots_[slot];
    if (storage.empty()) {
        const size_t most = head_bytes(format_, dimensions_.n_audio_ctx);
        storage = Buffer<uint8_t>(dimensions_.n_text_layer * heads * most, Pages::huge);
    }
    n_ctx_[slot] = n_ctx;
    head_bytes_[slot] = head_bytes(format_, n_ctx);
    device_.prepare(encoder_output, nullptr, *operand_);
    const MatrixView<float> keys(projected_keys_.data(), n_ctx, dimensions_.n_text_state);
    const MatrixView<float> values(projected_values_.data(), n_ctx, dimensions_.n_text_state);
    for (size_t layer = 0; layer < dimensions_.n_text_layer; ++layer) {
        Run runs[] = {keys_[layer]->submit(*operand_, keys, Epilogue::none),
                      values_[layer]->submit(*operand_, values, Epilogue::none)};
        for (auto& run : runs) run.wait();
        pool_.for_each(heads, 1, [&](size_t index, size_t, size_t) {
            const auto key = keys.cols_from(index * kHeadSize, kHeadSize);
            const auto value = values.cols_from(index * kHeadSize, kHeadSize);
            uint8_t* packed = head(slot, layer, index);
            if (format_ == CrossFormat::int8) {
                simd::pack_int8_head(key, value, packed);
            } else {
                const auto element = element_of(format_);
                simd::pack_keys(key, element, packed);
                simd::pack_values(value, element, packed + head_bytes_[slot] / 2);
            }
        });
    }
}

size_t CrossCache::scratch_size() const {
    const size_t n_ctx = dimensions_.n_audio_ctx;
    return format_ == CrossFormat::int8 ? simd::int8_attention_scratch(n_ctx)
                                        : simd::attention_scratch(n_ctx);
}

void CrossCache::attend(size_t slot, size_t layer, size_t index, MatrixView<float> q,
                        std::span<float> scratch) const {
    const uint8_t* packed = head(slot, layer, index);
    if (format_ == CrossFormat::int8) {
        simd::attend_int8(q, {packed, n_ctx_[slot]}, q, scratch);
    } else {
        const uint8_t* values = packed + head_bytes_[slot] / 2;
        simd::attend(q, {packed, values, n_ctx_[slot], element_of(format_)}, q, scratch);
    }
}

void CrossCache::weigh(size_t slot, size_t layer, size_t index, MatrixView<const float> q,
                       MatrixView<float> out) const {
    const uint8_t* packed = head(slot, layer, index);
    if (format_ == CrossFormat::int8) {
        simd::int8_attention_weights(q, {packed, n_ctx_[slot]}, out.cols, out);
    } else {
        simd::attention_weights(q, packed, out.cols, element_of(format_), out);
    }
}

}  // namespace npuscribe
