#pragma once
// The benchmarks of `npuscribe bench`, each in a file of its own. The limits of their criteria come from the
// study that bench/study/study_figures.h explains.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "bench/context.h"

namespace npuscribe::bench {

/// One encoder layer, context.runs times: percentiles, stages, and the distance of its output from fp32's.
/// Layer `index` is timed. Accuracy is given for every layer, each on the same fp32 input; for the timed
/// layer alone if the device is emulated, because that is slow. Throws UsageError if there is no such layer.
Result layer(const Context&, size_t index);

/// The whole encoder on one window, context.runs times. Throws UsageError for more than n_audio_ctx frames.
Result encoder(const Context&);

/// 1, 2, 4 and 8 windows, and the ratio of each time to the one before.
Result batch(const Context&);

/// Bytes a second to the device and back. For the cpu device, to memory and back with 1, 2, 4 … threads and
/// buffers of `megabytes` MiB.
Result bandwidth(Device& device, ThreadPool& pool, size_t runs, size_t megabytes, const Progress& progress);

/// Each step that prepares a 512 × 512 matrix for the NPU, and a layer's conversions between BFP16 and
/// integers. On one thread, and on two if `threads` is at least 2.
Result prepare(size_t threads, size_t runs, const Progress& progress);

/// Power while windows are encoded for `seconds`. `sys`: the directory of sysfs.
Result power(const Context&, double seconds, const std::filesystem::path& sys = "/sys");

/// The most that this CPU can do: GEMM rates at the shapes of a model, and memory reads.
Result roofline(const Dimensions& dimensions, size_t frames, ThreadPool& pool, size_t runs,
                const Progress& progress);

/// The stages of one window, each beside that limit. `audio` is the file that is decoded, and `vad` the
/// weights of the voice activity network; without them, these stages are left out.
Result pipeline(const Context&, const std::optional<std::filesystem::path>& audio,
                const std::optional<std::filesystem::path>& vad);

}  // namespace npuscribe::bench
