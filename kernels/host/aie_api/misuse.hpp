// SPDX-License-Identifier: MIT
#pragma once
// Misuse that silently gives wrong values on the array is an error here.

#include <cstdint>
#include <stdexcept>

namespace aie {
inline namespace NPUSCRIBE_HOST_ABI {
namespace host {

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse(const char* why) {
    throw std::logic_error(why);
}

/// The widest access takes 64 bytes and leaves out an address's low bits; so do narrower ones with theirs.
inline void check_aligned(const void* address, std::uintptr_t bytes) {
    const std::uintptr_t alignment = bytes < 64 ? bytes : 64;
    if (reinterpret_cast<std::uintptr_t>(address) % alignment != 0)
        refuse("a load or store that is not aligned");
}

}  // namespace host
}  // namespace NPUSCRIBE_HOST_ABI
}  // namespace aie
