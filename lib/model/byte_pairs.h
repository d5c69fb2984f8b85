#pragma once
// Byte-level byte-pair encoding (BPE): GPT-2's, as OpenAI's tiktoken implements it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe {

/// The bytes that each token stands for. Ids count from 0 without gaps.
class BytePairs {
  public:
    BytePairs() = default;
    /// `bytes` holds the tokens' bytes one after the other; `lengths` adds up to bytes.size().
    BytePairs(std::span<const uint8_t> lengths, std::string_view bytes);
    /// Adds the next id. `bytes` may be empty (the multilingual vocabulary has such a token).
    void add(std::string_view bytes);
    size_t size() const { return ends_.size(); }
    std::string_view bytes(size_t id) const {
        const size_t begin = id == 0 ? 0 : ends_[id - 1];
        return std::string_view(blob_).substr(begin, ends_[id] - begin);
    }
    /// Throws ModelError, beginning with `file`, if one of the 256 bytes has no token of its own, because
    /// then some texts cannot be encoded.
    void check_bytes(const std::string& file) const;

  private:
    std::string blob_;
    std::vector<uint32_t> ends_;
};

/// Finds tokens by their bytes. Encoding needs it, decoding does not.
class TokenIndex {
  public:
    /// An index of all tokens. `tokens` must outlive the index and must not move.
    explicit TokenIndex(const BytePairs& tokens);
    /// An index of those tokens whose bytes are all in `alphabet`, which is enough for a text of such bytes.
    /// If few tokens are, building it takes a seventh of the time.
    TokenIndex(const BytePairs& tokens, std::string_view alphabet);

    /// True if the index has all tokens that may occur in `text`.
    bool covers(std::string_view text) const;
    /// The token of these bytes; -1 if there is none.
    int find(std::string_view bytes) const;
    /// Appends the tokens of `piece` to `tokens`. Always merges the two neighbours whose union has the lowest
    /// id, the leftmost first (tiktoken's definition; the ids of a BPE vocabulary are in the order of its
    /// merges). Does not use the merges of a Hugging Face tokenizer.json: some of these files lack the first
    /// merge, and would encode " the" in a way that no model was trained on.
    void encode_piece(std::string_view piece, std::vector<int>& tokens) const;

  private:
    void fill(const std::vector<int32_t>& ids);

    const BytePairs* tokens_;
    std::array<bool, 256> alphabet_{};
    std::vector<int32_t> slots_;  // open addressing, a power of two; -1 is free
};

/// GPT-2 writes each byte as a printable character ("Ġ" is a space). Appends the bytes of `text` to `bytes`;
/// returns false if a character is none of the 256.
bool bytes_of_gpt2_text(std::string_view text, std::string& bytes);

/// The inverse: appends to `text` what GPT-2 writes for `bytes`.
void append_gpt2_text(std::string_view bytes, std::string& text);

/// The length of the first piece of `text`, which is not empty, by GPT-2's pattern. Merging never crosses the
/// end of a piece.
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// Bytes that are not UTF-8 count as neither letter, number nor space.
size_t first_piece(std::string_view text);

}  // namespace npuscribe
