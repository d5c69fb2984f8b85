#pragma once
// Keys and values of the tokens so far, for the decoder's self-attention.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "simd/packing.h"

namespace npuscribe {

/// One plane of rows [n_text_ctx × 64] for each sequence, layer, head, and keys or values. Many slots cost
/// little, because memory is not touched before a token reaches it. A sequence may have the rows of others
/// for its first positions: beams that begin alike share them.
class SelfCache {
  public:
    SelfCache(size_t sequences, size_t layers, size_t heads, size_t n_text_ctx, simd::Element element);

    /// The rows of a head, of all sequences: `rows` says which are a sequence's.
    uint8_t* keys(size_t layer, size_t head) { return plane(0, layer, head, 0); }
    uint8_t* values(size_t layer, size_t head) { return plane(0, layer, head, 1); }
    /// For each position of a sequence its row of `keys` and `values`.
    const size_t* rows(size_t sequence) const { return rows_.data() + sequence * n_text_ctx_; }
    size_t row_bytes() const { return row_bytes_; }
    simd::Element element() const { return element_; }

    /// Gives a sequence a row of its own at `position`, to be written.
    void begin_row(size_t sequence, size_t position);
    /// Copies the first `length` positions of every plane.
    void copy(size_t from, size_t to, size_t length);
    /// Gives `to` the first `length` rows of `from`, whoever's they are.
    void share(size_t from, size_t to, size_t length);

  private:
    uint8_t* plane(size_t sequence, size_t layer, size_t head, size_t which) {
        return storage_.data() + (((sequence * layers_ + layer) * heads_ + head) * 2 + which) * plane_bytes_;
    }

    simd::Element element_;
    size_t layers_, heads_, n_text_ctx_;
    size_t row_bytes_, plane_bytes_;
    Buffer<uint8_t> storage_;
    std::vector<size_t> rows_;  // [sequence][position]
};

}  // namespace npuscribe
