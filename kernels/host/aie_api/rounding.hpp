// SPDX-License-Identifier: MIT
#pragma once
// The core's rounding register.

namespace aie {
inline namespace NPUSCRIBE_HOST_ABI {

enum class rounding_mode : unsigned { floor = 0, conv_even = 12 };

/// Floor until a kernel sets another mode, as on the array.
inline thread_local rounding_mode current_rounding = rounding_mode::floor;
inline void set_rounding(rounding_mode mode) {
    current_rounding = mode;
}
inline rounding_mode get_rounding() {
    return current_rounding;
}

}  // namespace NPUSCRIBE_HOST_ABI
}  // namespace aie
