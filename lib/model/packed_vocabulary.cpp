#include "model/packed_vocabulary.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <numeric>
#include <string_view>

#include "base/error.h"

namespace npuscribe {

std::string pack_vocabulary(const Tokenizer& tokenizer) {
    std::string lengths;
    std::string bytes;
    for (Token token = 0; token < tokenizer.eot(); ++token) {
        const std::string text = tokenizer.bytes({&token, 1});
        if (text.size() > std::numeric_limits<uint8_t>::max())
            throw ModelError(
                fmt::format("token {} has {} bytes: Whisper's have at most 255", token, text.size()));
        lengths += static_cast<char>(text.size());
        bytes += text;
    }
    return lengths + bytes;
}

BytePairs unpack_vocabulary(std::span<const std::byte> packed, size_t n_text, const std::string& file) {
    const std::string damaged = file + ": is damaged: its vocabulary ";
    if (packed.size() < n_text)
        throw ModelError(fmt::format("{}has {} bytes, fewer than {} tokens", damaged, packed.size(), n_text));
    const std::span<const uint8_t> lengths(reinterpret_cast<const uint8_t*>(packed.data()), n_text);
    // Of another number of tokens the lengths never add up: each more or fewer counts for a byte itself.
    const size_t wanted = n_text + std::accumulate(lengths.begin(), lengths.end(), size_t{0});
    if (packed.size() != wanted)
        throw ModelError(fmt::format("{}has {} bytes, but {} tokens that add up to {}", damaged,
                                     packed.size(), n_text, wanted));
    const auto bytes = packed.subspan(n_text);
    BytePairs tokens(lengths, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    tokens.check_bytes(file);
    return tokens;
}

}  // namespace npuscribe
