#pragma once
// How much memory this process uses.

#include <cstdint>

namespace npuscribe {

/// Bytes in RAM now, mapped files included; 0 if the system does not report it.
uint64_t resident_bytes();
/// The largest number so far.
uint64_t peak_resident_bytes();

}  // namespace npuscribe
