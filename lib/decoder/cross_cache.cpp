#include "decoder/cross_cache.h"

#include <string>

#include "base/thread_pool.h"

namespace npuscribe {

CrossCache::CrossCache(const Checkpoint& checkpoint, size_t slots, simd::Element element, Device& device,
                       ThreadPool& pool)
    : device_(device),
      pool_(pool),
      dimensions_(checkpoint.dimensions()),
      element_(element),
      head_bytes_(simd::packed_head_size(dimensions_.n_audio_ctx) * simd::bytes(element)),
      operand_(device.make_operand(dimensions_.n_audio_ctx, dimensions_.n_audio_state)),
      projected_(dimensions_.n_audio_ctx * dimensions_.n_text_state),
      slots_(slots),
      n_ctx_(slots, 0) {
    const size_t state = dimensions_.n_text_state;
    for (size_t layer = 0; layer < dimensions_.n_text_layer; ++layer) {
        const std::string block = "decoder.blocks." + std::to_string(layer) + ".cross_attn.";
        const auto key = checkpoint.read(block + "key.weight");
        keys_.push_back(device.load({key.matrix(state, dimensions_.n_audio_state), {}, block + "key"}));
        const auto value = checkpoint.read(block + "value.weight");
        const auto bias = checkpoint.read(block + "value.bias");
        values_.push_back(device.load(
            {value.matrix(state, dimensions_.n_audio_state), {bias.data(), bias.size()}, block + "value"}));
    }
}

void CrossCache::fill(size_t slot, MatrixView<const float> encoder_output) {
    const size_t heads = dimensions_.n_text_head;
    auto& storage = slots_[slot];
    if (storage.empty()) storage = Buffer<uint8_t>(dimensions_.n_text_layer * heads * 2 * head_bytes_);
    n_ctx_[slot] = encoder_output.rows;
    device_.prepare(encoder_output, nullptr, *operand_);
    const MatrixView<float> projected(projected_.data(), encoder_output.rows, dimensions_.n_text_state);
    for (size_t layer = 0; layer < dimensions_.n_text_layer; ++layer) {
        uint8_t* of_layer = storage.data() + layer * heads * 2 * head_bytes_;
        const auto pack = [&](auto pack_head, size_t which) {
            pool_.for_each(heads, 1, [&](size_t head, size_t, size_t) {
                pack_head(projected.cols_from(head * kHeadSize, kHeadSize), element_,
                          of_layer + (2 * head + which) * head_bytes_);
            });
        };
        keys_[layer]->submit(*operand_, projected, Epilogue::none).wait();
        pack(simd::pack_keys, 0);
        values_[layer]->submit(*operand_, projected, Epilogue::none).wait();
        pack(simd::pack_values, 1);
    }
}

simd::PackedHead CrossCache::head(size_t slot, size_t layer, size_t head) const {
    const uint8_t* keys = slots_[slot].data() + (layer * dimensions_.n_text_head + head) * 2 * head_bytes_;
    return {keys, keys + head_bytes_, n_ctx_[slot], element_};
}

}  // namespace npuscribe
