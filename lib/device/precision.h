#pragma once
// The number formats in which a device multiplies.

#include <span>
#include <string_view>

namespace npuscribe {

/// The format of both operands of a linear layer. Sums are always fp32 (int32 for the INT8 kinds).
enum class Precision {
    bfp16,        // BFP16 blocks: the NPU's native format, and the default
    bf16,         // bfloat16
    fp32,         // for reference
    int8,         // BFP16 converted to INT8, one exponent for each row of x and each row of W
    int8_tensor,  // the same with one exponent for all of x and one for all of W
};

/// All precisions, the default first.
std::span<const Precision> precisions();
/// "bfp16", "bf16", "fp32", "int8" or "int8-tensor".
std::string_view name(Precision);
/// The names of precisions(), in the same order.
std::span<const std::string_view> precision_names();
/// Throws UsageError, listing precision_names(), if there is no such precision.
Precision parse_precision(std::string_view);

}  // namespace npuscribe
