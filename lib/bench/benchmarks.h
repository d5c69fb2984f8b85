#pragma once
// The benchmarks of `npuscribe bench`, a file each. The limits of their criteria are the study's
// (bench/study/study_figures.h).

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "bench/context.h"

namespace npuscribe::bench {

/// One encoder layer, `runs` times: percentiles, its stages, and how far its output is from fp32's. Layer
/// `index` is timed; accuracy is that of every layer, each on the same fp32 input (of the timed one alone,
/// where the device is emulated: it is slow).
Result layer(const Context&, size_t index);

/// The whole encoder on one window, `runs` times. At most n_audio_ctx frames.
Result encoder(const Context&);

/// 1, 2, 4 and 8 windows, and the time of each beside the size before.
Result batch(const Context&);

/// Bytes a second: to the device and back, or, of the cpu device, to memory and back by 1, 2, 4 … threads
/// over `megabytes` (MiB) a buffer.
Result bandwidth(Device& device, ThreadPool& pool, size_t runs, size_t megabytes,
                 const std::function<void(const std::string&)>& progress);

/// A 512 × 512 matrix on its way to the NPU, step by step, and Track 1's conversions: what the study's C++
/// took 0.8 ms and its Python 2,240 ms a layer for. On one thread, and on two where `threads` are as many.
Result prepare(size_t threads, size_t runs, const std::function<void(const std::string&)>& progress);

/// Power while windows are encoded for `seconds`. `sys`: where sysfs is.
Result power(const Context&, double seconds, const std::filesystem::path& sys = "/sys");

/// What this CPU can do at the most at the shapes of a model: GEMM rates and memory reads.
Result roofline(const Dimensions& dimensions, size_t frames, ThreadPool& pool, size_t runs,
                const std::function<void(const std::string&)>& progress);

/// The stages of one window, each beside that limit. `audio` is what is decoded, and `vad` the voice
/// activity's weights; without them these stages are left out.
Result pipeline(const Context&, const std::optional<std::filesystem::path>& audio,
                const std::optional<std::filesystem::path>& vad);

}  // namespace npuscribe::bench
