#pragma once
// What the CPU is called, and which of its instructions oneDNN uses. NPUSCRIBE_MAX_ISA caps these too.

#include <string>

namespace npuscribe {

/// "AMD EPYC 9R14 96-Core Processor", or "unknown CPU" if the system does not report it.
std::string cpu_name();

/// "2.6.3": the version of the oneDNN that this process runs with.
std::string onednn_version();
/// "AVX-512 BF16": the best instructions that oneDNN uses here.
std::string onednn_isa();
/// True if oneDNN multiplies bfloat16 natively here.
bool onednn_has_bf16();
/// True if oneDNN multiplies INT8 exactly here, with AVX-512 VNNI.
bool onednn_has_vnni();

/// "AMD EPYC 9R14 96-Core Processor, AVX-512 BF16, oneDNN 2.6.3".
std::string cpu_description();

}  // namespace npuscribe
