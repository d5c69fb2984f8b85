#include "bench/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <random>

#include "base/buffer.h"
#include "base/stopwatch.h"
#include "bench/memory_speed.h"
#include "device/cpu/cpu_info.h"
#include "device/cpu/onednn_matmul.h"

namespace npuscribe::bench {
namespace {

constexpr size_t kBlockRows = 64;  // as in the cpu device
constexpr double kRunSeconds = 0.05;

/// Small values that are exact in bfloat16.
template <class T>
Buffer<T> random_values(size_t count) {
    std::minstd_rand random(1);
    Buffer<T> out(count);
    for (T& value : out) {
        const float small = static_cast<float>(static_cast<int>(random() % 257) - 128) / 128;
        if constexpr (sizeof(T) == 2) {
            uint32_t bits = 0;
            std::copy_n(reinterpret_cast<const uint8_t*>(&small), sizeof bits,
                        reinterpret_cast<uint8_t*>(&bits));
            value = static_cast<T>(bits >> 16);
        } else {
            value = small;
        }
    }
    return out;
}

/// FLOP/s of the fastest of `runs` runs of at least kRunSeconds each.
template <class T>
double flops(const GemmRate& shape, ThreadPool& pool, size_t runs) {
    const auto weight = random_values<T>(shape.n * shape.k);
    const auto x = random_values<T>(shape.rows * shape.k);
    Buffer<float> y(shape.rows * shape.n);
    OneDnnMatmul matmul(weight.matrix(shape.n, shape.k), {}, pool.size());
    matmul.prepare(std::min(kBlockRows, shape.rows), shape.n, false);
    if (shape.rows % kBlockRows != 0) matmul.prepare(shape.rows % kBlockRows, shape.n, false);
    const auto once = [&] {
        pool.for_each(shape.rows, kBlockRows, [&](size_t begin, size_t end, size_t worker) {
            matmul.execute(x.data() + begin * shape.k, end - begin, y.data() + begin * shape.n, shape.n,
                           false, worker);
        });
    };
    once();
    double best = 0;
    for (size_t run = 0; run < runs; ++run) {
        const Stopwatch watch;
        size_t count = 0;
        do {
            once();
            ++count;
        } while (watch.seconds() < kRunSeconds);
        best = std::max(best, shape.work() * static_cast<double>(count) / watch.seconds());
    }
    return best;
}

}  // namespace

double Limits::layer_flops(GemmType type) const {
    // Query, key, value and out are four of the first shape.
    constexpr double kCounts[] = {4, 1, 1};
    double work = 0, seconds = 0;
    size_t shape = 0;
    for (const GemmRate& gemm : gemms) {
        if (gemm.type != type || shape == std::size(kCounts)) continue;
        work += kCounts[shape] * gemm.work();
        seconds += kCounts[shape] * gemm.work() / gemm.flops;
        ++shape;
    }
    return seconds > 0 ? work / seconds : 0;
}

Limits measure_limits(const Dimensions& d, size_t frames, ThreadPool& pool, size_t runs,
                      const Progress& progress) {
    constexpr size_t kLarge = 2048;
    const size_t state = d.n_audio_state;
    std::vector<GemmType> types = {GemmType::f32};
    if (onednn_has_bf16()) types.insert(types.begin(), GemmType::bf16);
    Limits limits;
    for (const GemmType type : types) {
        const auto add = [&](const char* name, size_t rows, size_t n, size_t k) {
            if (progress) progress(fmt::format("GEMM rate: {}", name));
            GemmRate gemm{name, type, rows, n, k, 0};
            gemm.flops =
                type == GemmType::bf16 ? flops<uint16_t>(gemm, pool, runs) : flops<float>(gemm, pool, runs);
            limits.gemms.push_back(std::move(gemm));
        };
        add("query, key, value, out", frames, state, state);
        add("mlp.0", frames, 4 * state, state);
        add("mlp.2", frames, state, 4 * state);
        add("a large one", kLarge, kLarge, kLarge);
    }
    if (progress) progress("memory");
    limits.read = memory_speed(pool, kMemoryBytes, runs).read;
    return limits;
}

}  // namespace npuscribe::bench
