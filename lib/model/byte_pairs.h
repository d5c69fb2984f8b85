#pragma once
// Byte-level byte-pair encoding, as GPT-2 has it and OpenAI's tiktoken runs it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe {

/// Tokens as the bytes they stand for. Ids count from 0 without holes.
class BytePairs {
  public:
    BytePairs() = default;
    /// Tokens of these lengths, which add up to bytes.size(), one behind the other.
    BytePairs(std::span<const uint8_t> lengths, std::string_view bytes);
    /// Adds the next id. `bytes` may be empty (the multilingual vocabulary has such a token).
    void add(std::string_view bytes);
    size_t size() const { return ends_.size(); }
    std::string_view bytes(size_t id) const {
        const size_t begin = id == 0 ? 0 : ends_[id - 1];
        return std::string_view(blob_).substr(begin, ends_[id] - begin);
    }
    /// Throws ModelError, beginning with `file`, where one of the 256 bytes has no token of its own: then not
    /// every text can be encoded.
    void check_bytes(const std::string& file) const;

  private:
    std::string blob_;
    std::vector<uint32_t> ends_;
};

/// Tokens by their bytes, which encoding needs and decoding does not.
class TokenIndex {
  public:
    /// Of all tokens. `tokens` must outlive the index, and stay where it is.
    explicit TokenIndex(const BytePairs& tokens);
    /// Of those tokens that have no bytes but those of `alphabet`: all that a text of such bytes needs. For
    /// an alphabet that few tokens keep to, it takes a seventh of the time.
    TokenIndex(const BytePairs& tokens, std::string_view alphabet);

    /// Whether the index has all tokens that may be in `text`.
    bool covers(std::string_view text) const;
    /// -1 where no token is these bytes.
    int find(std::string_view bytes) const;
    /// Merges a piece's bytes, always the adjacent two whose union has the lowest id, the leftmost first
    /// (tiktoken's definition; ids of a BPE vocabulary are the order of its merges). Appends to `tokens`. The
    /// merges of a Hugging Face tokenizer.json are not read: files are about in which the first is missing,
    /// and then " the" is encoded as no model was trained on.
    void encode_piece(std::string_view piece, std::vector<int>& tokens) const;

  private:
    void fill(const std::vector<int32_t>& ids);

    const BytePairs* tokens_;
    std::array<bool, 256> alphabet_{};
    std::vector<int32_t> slots_;  // open addressing, a power of two; -1 is free
};

/// GPT-2 writes bytes as printable characters ("Ġ" is a space): back to bytes. False where a character is
/// none of the 256. Appends to `bytes`.
bool bytes_of_gpt2_text(std::string_view text, std::string& bytes);

/// The inverse: appends `bytes` as GPT-2 writes them to `text`.
void append_gpt2_text(std::string_view bytes, std::string& text);

/// Cuts `text` where GPT-2's pattern does, and merging never crosses:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// Bytes that are not UTF-8 count as neither letter, number nor space. Returns the length of the first piece
/// of a text that is not empty.
size_t first_piece(std::string_view text);

}  // namespace npuscribe
