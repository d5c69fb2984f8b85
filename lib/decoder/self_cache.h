#pragma once
// Keys and values of the tokens so far, for the decoder's self-attention.

#include <cstddef>
#include <cstdint>

#include "base/buffer.h"
#include "simd/packing.h"

namespace npuscribe {

/// One plane of rows [n_text_ctx × 64] for each sequence, layer, head, and keys or values. Many slots cost
/// little, because memory is not touched before a token reaches it.
class SelfCache {
  public:
    SelfCache(size_t sequences, size_t layers, size_t heads, size_t n_text_ctx, simd::Element element);

    uint8_t* keys(size_t sequence, size_t layer, size_t head) { return plane(sequence, layer, head, 0); }
    uint8_t* values(size_t sequence, size_t layer, size_t head) { return plane(sequence, layer, head, 1); }
    size_t row_bytes() const { return row_bytes_; }
    simd::Element element() const { return element_; }

    /// The first `length` positions of every plane.
    void copy(size_t from, size_t to, size_t length);

  private:
    uint8_t* plane(size_t sequence, size_t layer, size_t head, size_t which) {
        return storage_.data() + (((sequence * layers_ + layer) * heads_ + head) * 2 + which) * plane_bytes_;
    }

    simd::Element element_;
    size_t sequences_, layers_, heads_;
    size_t row_bytes_, plane_bytes_;
    Buffer<uint8_t> storage_;
};

}  // namespace npuscribe
