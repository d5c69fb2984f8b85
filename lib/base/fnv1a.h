#pragma once
// FNV-1a, 64 bits: a hash that is the same on every machine. Not for secrets.

#include <cstdint>
#include <string_view>

namespace npuscribe {

inline constexpr uint64_t kFnv1aBasis = 0xcbf29ce484222325;
inline constexpr uint64_t kFnv1aPrime = 0x100000001b3;

/// The hash of `text`, or of what `hash` is the hash of with `text` behind it.
/// http://www.isthe.com/chongo/tech/comp/fnv
constexpr uint64_t fnv1a(std::string_view text, uint64_t hash = kFnv1aBasis) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kFnv1aPrime;
    return hash;
}

}  // namespace npuscribe
