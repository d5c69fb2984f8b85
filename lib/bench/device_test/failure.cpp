#include "bench/device_test/failure.h"

#include <fmt/format.h>

namespace npuscribe::device_test {
namespace {

std::string after_timeout(Step step, const Circumstances& c) {
    switch (step) {
        case Step::once:
            return "Not even the first product ended. A core waits for something that never comes: a tile of "
                   "A or B (shim DMA or memory tile), its parameters, the barrier that starts it, or a free "
                   "buffer for C.";
        case Step::again:
            return "The first run ended and the second one did not, although both are the same. The first "
                   "run left something behind: the cores' barrier or a lock is not back at its first value, "
                   "or the task queue of a shim DMA channel was full and dropped a transfer.";
        case Step::in_turn:
            return c.previous_k_tiles > c.k_tiles
                       ? fmt::format(
                             "The product before had {} tiles of K, and this one has {}. Cores that still "
                             "use the old parameter wait for tiles that nobody sends.",
                             c.previous_k_tiles, c.k_tiles)
                       : "One shape ran twice, but it does not run after another one. Parameters of the "
                         "shape before are still in use, or it left a lock at another value.";
        case Step::every_shape:
            return "Other shapes ran, so locks and parameters work. This shape has more groups or longer "
                   "transfers than those: a task queue of a shim DMA channel (4 entries) overflows, or a "
                   "buffer descriptor's length does not fit its field.";
        case Step::runlist:
            return "Single runs end, but a runlist does not. Its next run starts before the cores are ready "
                   "for it, or the driver does not chain these commands.";
        case Step::pair:
            return "One window after the other runs, but two together do not. The next submission waits in "
                   "the driver's queue while one runs: it starts before the cores are ready for it, or the "
                   "driver does not queue the submissions of a hardware context.";
        case Step::layer:
        case Step::encoder:
            break;
    }
    return "All shapes and a runlist ran, so this run depends on what ran before it: count how many runs it "
           "takes, because a counter or a queue may run over.";
}

std::string of_finding(Step step, const Finding& finding, const Circumstances& c) {
    switch (finding.pattern) {
        case Pattern::not_finite:
            return "Inf or NaN came back, and no operand holds any. The cores read memory that is not a tile "
                   "(a wrong address, stride or header), or they convert a block's exponent wrongly.";
        case Pattern::zeros:
            return step == Step::runlist ? "A run of the runlist left its result untouched: the driver "
                                           "reported the runlist as complete, but did not run all of it."
                                         : "The result is 0, as the memory was before the run. The array did "
                                           "not write it, or what it wrote was not synchronised to the CPU.";
        case Pattern::previous:
            return "The result is that of the run before, which used the same memory. This run did not write "
                   "it, or what it wrote was not synchronised to the CPU.";
        case Pattern::no_bias:
            return "The sums are right, but the bias is missing: the cores skip the tile that holds it, or "
                   "the kernel that starts C at the bias (npuscribe_bfp16_init) does not run.";
        case Pattern::partial_sum:
            return finding.k_tiles == c.previous_k_tiles && c.previous_k_tiles != 0
                       ? fmt::format(
                             "The cores summed {} of {} tiles of K, as many as the product before had: they "
                             "still use the parameter of that product.",
                             finding.k_tiles, c.k_tiles)
                       : fmt::format(
                             "The cores summed only the first {} of {} tiles of K: they read a wrong "
                             "parameter, or a transfer of A or B was dropped.",
                             finding.k_tiles, c.k_tiles);
        case Pattern::permuted:
            return "Every core's tile holds the right values in wrong places. The order of the 8 x 8 "
                   "subtiles differs between host and kernel, or a DMA reorders C with wrong strides.";
        case Pattern::inexact:
            return "The values are nearly right. Something rounds before the end: the accumulator is not "
                   "f32, products are dropped when exponents differ, or the rounding mode is not set.";
        case Pattern::other:
            break;
    }
    return step == Step::once || step == Step::again || step == Step::in_turn
               ? "The wrong values follow no pattern that this test knows."
               : "The wrong values follow no pattern that this test knows, but smaller products were right: "
                 "look at what is special about this shape and at the place of the wrong values.";
}

/// A product is computed with f32 sums before it is computed with rounded ones.
bool only_rounded_wrongly(const Failure& failure) {
    const auto& product = failure.evidence.product;
    return failure.finding.pattern == Pattern::inexact && product && product->sums == Sums::bf16;
}

void add_attempts(Failure& failure, const Circumstances& c) {
    auto& out = failure.attempts;
    if (c.device != "npu") {
        out.emplace_back("This device is computed on the CPU, so this is a defect of npuscribe: report it.");
        return;
    }
    switch (failure.symptom) {
        case Symptom::timeout:
            out.emplace_back(
                "sudo dmesg | tail -n 30: amdxdna says which context hung, and the firmware's code");
            out.emplace_back("xrt-smi examine --report aie-partitions: shows contexts that still run");
            out.emplace_back(
                "NPUSCRIBE_NPU_TIMEOUT=60 npuscribe device test npu: rules out that it is only slow");
            out.emplace_back(
                "sudo modprobe -r amdxdna && sudo modprobe amdxdna: resets the NPU before you try again");
            break;
        case Symptom::refused:
            out.emplace_back("npuscribe device info npu: lists what is missing or too old");
            out.emplace_back("sudo dmesg | tail -n 30: amdxdna says why it refused");
            break;
        case Symptom::unstable:
            out.emplace_back("Run the test again: count how often it fails, and whether at the same place");
            break;
        case Symptom::wrong:
            out.emplace_back(
                "npuscribe device test emulated: if it passes, the kernels' arithmetic and the tile layout "
                "are right, and DMA, locks or the compiler are to blame");
            break;
        case Symptom::inaccurate:
            out.emplace_back(
                "npuscribe device test emulated: if it fails, too, the CPU's part of the layer is to blame");
            break;
    }
    if (failure.symptom != Symptom::refused) {
        if (!c.power_mode.empty() && c.power_mode != "turbo" && c.power_mode != "performance") {
            out.emplace_back(fmt::format(
                "sudo xrt-smi configure --pmode performance, then try again: the power mode is {} now",
                c.power_mode));
        }
        out.emplace_back(
            "Build the array programs again with the versions in kernels/toolchain.json: "
            "kernels/check_insts.py checks every instruction stream");
    }
}

}  // namespace

std::string_view name(Step step) {
    switch (step) {
        case Step::once:
            return "one shape, once";
        case Step::again:
            return "the same shape again";
        case Step::in_turn:
            return "two shapes in turn";
        case Step::every_shape:
            return "every shape";
        case Step::runlist:
            return "a runlist";
        case Step::layer:
            return "one encoder layer";
        case Step::encoder:
            return "the whole encoder";
        case Step::pair:
            break;
    }
    return "two windows together";
}

std::string_view name(Symptom symptom) {
    constexpr std::string_view kNames[] = {"timeout", "refused", "wrong", "unstable", "inaccurate"};
    return kNames[static_cast<size_t>(symptom)];
}

std::string_view name(Pattern pattern) {
    constexpr std::string_view kNames[] = {"not finite",  "zeros",    "previous", "no bias",
                                           "partial sum", "permuted", "inexact",  "other"};
    return kNames[static_cast<size_t>(pattern)];
}

void explain(Failure& failure, const Circumstances& c) {
    auto& out = failure.meaning;
    switch (failure.symptom) {
        case Symptom::timeout:
            out.push_back(after_timeout(failure.step, c));
            break;
        case Symptom::refused:
            out.emplace_back(
                "This is an error of the driver, of XRT or of the installed files, and not a wrong result.");
            break;
        case Symptom::unstable:
            if (failure.step == Step::pair) {
                out.emplace_back(
                    "Both windows had the right results alone. Together, a submission waits in the driver's "
                    "queue while one runs.");
            }
            out.emplace_back(
                "The same input gave two results. The CPU reads the result before the array has written all "
                "of it, a buffer is used by two runs at once, or a lock lets a core read a tile that is "
                "still being filled.");
            break;
        case Symptom::inaccurate:
            out.emplace_back(
                "Rows are more than twice as far from the CPU's as BFP16 is from fp32, which rounding does "
                "not "
                "explain. "
                "All products were right on their own, so look at what a layer adds: results that become the "
                "next operand, residuals, GELU, and runs that overlap with work on the CPU.");
            break;
        case Symptom::wrong:
            out.push_back(only_rounded_wrongly(failure)
                              ? "The f32 sums of this shape were right before. So the cores round them to "
                                "bfloat16 in another way than to nearest even."
                              : of_finding(failure.step, failure.finding, c));
            if (!c.where.empty()) out.push_back(fmt::format("Computed by: {}.", c.where));
            break;
    }
    add_attempts(failure, c);
}

}  // namespace npuscribe::device_test
