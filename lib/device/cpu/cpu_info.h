#pragma once
// What the CPU calls itself.

#include <string>

namespace npuscribe {

/// "AMD EPYC 9R14 96-Core Processor"; "unknown CPU" where the system does not tell.
std::string cpu_name();

}  // namespace npuscribe
