#include "decoder/self_cache.h"

#include <algorithm>
#include <cstring>

#include "model/dimensions.h"

namespace npuscribe {

SelfCache::SelfCache(size_t sequences, size_t layers, size_t heads, size_t n_text_ctx, simd::Element element)
    : element_(element),
      layers_(layers),
      heads_(heads),
      n_text_ctx_(n_text_ctx),
      row_bytes_(kHeadSize * simd::bytes(element)),
      plane_bytes_(n_text_ctx * row_bytes_),
      storage_(sequences * layers * heads * 2 * plane_bytes_),
      rows_(sequences * n_text_ctx) {
    for (size_t sequence = 0; sequence < sequences; ++sequence) {
        for (size_t position = 0; position < n_text_ctx; ++position) begin_row(sequence, position);
    }
}

void SelfCache::begin_row(size_t sequence, size_t position) {
    const size_t planes = layers_ * heads_ * 2;  // of a sequence
    rows_[sequence * n_text_ctx_ + position] = sequence * planes * n_text_ctx_ + position;
}

void SelfCache::share(size_t from, size_t to, size_t length) {
    std::copy_n(rows(from), length, rows_.begin() + static_cast<std::ptrdiff_t>(to * n_text_ctx_));
}

void SelfCache::copy(size_t from, size_t to, size_t length) {
    if (from == to) return;
    for (size_t position = 0; position < length; ++position) begin_row(to, position);
    for (size_t layer = 0; layer < layers_; ++layer) {
        for (size_t head = 0; head < heads_; ++head) {
            for (uint8_t* all : {keys(layer, head), values(layer, head)}) {
                for (size_t position = 0; position < length; ++position) {
                    std::memcpy(all + rows(to)[position] * row_bytes_,
                                all + rows(from)[position] * row_bytes_, row_bytes_);
                }
            }
        }
    }
}

}  // namespace npuscribe
