#pragma once
// The memory of this process that is in use.

#include <cstdint>

namespace npuscribe {

/// Bytes in RAM now, files that are mapped included; 0 where the system does not tell.
uint64_t resident_bytes();
/// The most so far.
uint64_t peak_resident_bytes();

}  // namespace npuscribe
