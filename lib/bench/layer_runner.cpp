#include "bench/layer_runner.h"

#include <algorithm>

#include "base/stopwatch.h"

namespace npuscribe::bench {

LayerRunner::LayerRunner(const Checkpoint& checkpoint, size_t index, size_t frames, Device& device,
                         ThreadPool& pool)
    : device_(device),
      layer_(checkpoint, index, device),
      workspace_(with_frames(checkpoint.dimensions(), frames), device),
      attention_(frames, checkpoint.dimensions().n_audio_head, device.info().precision, pool) {}

LayerSeconds LayerRunner::run(MatrixView<float> x) {
    LayerTimes times;
    const DeviceSpan span(device_);
    const Stopwatch watch;
    layer_.run(x, workspace_, attention_, times);
    LayerSeconds seconds;
    seconds.total = watch.seconds();
    seconds.attention = times.attention;
    seconds.transfer = span.transfer();
    if (device_.info().modelled_times) {
        seconds.prepare = span.prepare();
        seconds.matmul = span.matmul();
        seconds.total = seconds.prepare + seconds.matmul + seconds.transfer + seconds.attention;
    } else {
        // The MLP's inner values are quantised inside the first of its matmuls.
        const double inner = std::clamp(span.prepare() - times.prepare, 0.0, times.matmul);
        seconds.prepare = times.prepare + inner;
        seconds.matmul = times.matmul - inner;
    }
    return seconds;
}

}  // namespace npuscribe::bench
