#pragma once
// What a step of the test found wrong, and what that means.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/device_test/difference.h"
#include "bench/device_test/product.h"

namespace npuscribe::device_test {

/// In the order in which they run, which is that in which things fail on new hardware.
enum class Step { once, again, in_turn, every_shape, runlist, layer, encoder, pair };
inline constexpr Step kSteps[] = {Step::once,    Step::again, Step::in_turn, Step::every_shape,
                                  Step::runlist, Step::layer, Step::encoder, Step::pair};
/// "one shape, once"
std::string_view name(Step);

enum class Symptom {
    timeout,     // the array did not finish in time
    refused,     // the driver or XRT reported an error
    wrong,       // a product's result is wrong; `Failure::finding` says how
    unstable,    // the same input gave another result the second time
    inaccurate,  // a layer or the encoder is further from the CPU than rounding explains
};

/// "timeout", as the diagnostic file has it.
std::string_view name(Symptom);
/// "partial sum"
std::string_view name(Pattern);

/// The values of a failed case.
struct Evidence {
    std::shared_ptr<const Product> product;  // null in a layer or in the encoder
    Matrix expected, got;                    // empty if there was no result
    Difference difference;                   // of the two
    std::vector<std::vector<size_t>> wrong_by_tile;
};

struct Failure {
    Step step = Step::once;
    Symptom symptom = Symptom::refused;
    Finding finding;
    std::string what;                   // one line: what happened
    std::vector<std::string> meaning;   // sentences
    std::vector<std::string> attempts;  // what to try, in this order
    Evidence evidence;
};

/// What the person with the machine must know besides: it decides what to try.
struct Circumstances {
    std::string device;           // its name: "npu"
    std::string power_mode;       // as the driver names it; empty if it does not tell
    std::string where;            // where_on_array() of the wrong values; empty without any
    size_t k_tiles = 0;           // of the product that failed
    size_t previous_k_tiles = 0;  // of the product before it; 0 if there was none
};

/// Fills in `meaning` and `attempts` from step, symptom and finding.
void explain(Failure& failure, const Circumstances& circumstances);

}  // namespace npuscribe::device_test
