#include "decoder/self_cache.h"

#include <cstring>

#include "model/dimensions.h"

namespace npuscribe {

SelfCache::SelfCache(size_t sequences, size_t layers, size_t heads, size_t n_text_ctx, simd::Element element)
    : element_(element),
      sequences_(sequences),
      layers_(layers),
      heads_(heads),
      row_bytes_(kHeadSize * simd::bytes(element)),
      plane_bytes_(n_text_ctx * row_bytes_),
      storage_(sequences * layers * heads * 2 * plane_bytes_) {}

void SelfCache::copy(size_t from, size_t to, size_t length) {
    if (from == to) return;
    for (size_t layer = 0; layer < layers_; ++layer) {
        for (size_t head = 0; head < heads_; ++head) {
            std::memcpy(keys(to, layer, head), keys(from, layer, head), length * row_bytes_);
            std::memcpy(values(to, layer, head), values(from, layer, head), length * row_bytes_);
        }
    }
}

}  // namespace npuscribe
