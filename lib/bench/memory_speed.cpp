#include "bench/memory_speed.h"

#include <hwy/cache_control.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/buffer.h"
#include "bench/timing.h"
#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/memory_speed.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuscribe::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

uint64_t Read(const uint64_t* HWY_RESTRICT data, size_t count) {
    const hn::ScalableTag<uint64_t> d;
    const size_t lanes = hn::Lanes(d);
    auto a = hn::Zero(d);
    auto b = a;
    auto e = a;
    auto f = a;
    for (size_t i = 0; i < count; i += 4 * lanes) {
        a = hn::Add(a, hn::Load(d, data + i));
        b = hn::Add(b, hn::Load(d, data + i + lanes));
        e = hn::Add(e, hn::Load(d, data + i + 2 * lanes));
        f = hn::Add(f, hn::Load(d, data + i + 3 * lanes));
    }
    return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(e, f))));
}

void Write(uint64_t value, uint64_t* HWY_RESTRICT data, size_t count) {
    const hn::ScalableTag<uint64_t> d;
    const auto v = hn::Set(d, value);
    for (size_t i = 0; i < count; i += hn::Lanes(d)) hn::Stream(v, d, data + i);
    hwy::FlushStream();
}

}  // namespace npuscribe::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::bench {
namespace {

HWY_EXPORT(Read);
HWY_EXPORT(Write);
constexpr size_t kStep = 1024;  // elements of which buffers have a multiple: it fits any vector

struct Part {
    Buffer<uint64_t> from, to;
    uint64_t sum = 0;
};

// The fastest run in bytes a second, without the first one, which may still touch pages.
template <class Work>
double bytes_per_second(ThreadPool& pool, size_t bytes, size_t runs, const Work& work) {
    pool.run(work);
    return static_cast<double>(bytes) / fastest(runs, [&] { pool.run(work); });
}

}  // namespace

MemorySpeed memory_speed(ThreadPool& pool, size_t bytes, size_t runs) {
    simd::init_isa();
    const size_t count = std::max<size_t>(1, bytes / pool.size() / sizeof(uint64_t) / kStep) * kStep;
    const size_t all = count * sizeof(uint64_t) * pool.size();
    std::vector<Part> parts(pool.size());
    pool.run([&](size_t worker) {
        parts[worker] = {Buffer<uint64_t>(count), Buffer<uint64_t>(count), 0};
        std::fill(parts[worker].from.begin(), parts[worker].from.end(), worker);
        std::fill(parts[worker].to.begin(), parts[worker].to.end(), worker);
    });
    MemorySpeed speed;
    speed.read = bytes_per_second(pool, all, runs, [&](size_t worker) {
        parts[worker].sum += HWY_DYNAMIC_DISPATCH(Read)(parts[worker].from.data(), count);
    });
    speed.write = bytes_per_second(pool, all, runs, [&](size_t worker) {
        HWY_DYNAMIC_DISPATCH(Write)(parts[worker].sum, parts[worker].to.data(), count);
    });
    speed.copy = bytes_per_second(pool, all, runs, [&](size_t worker) {
        std::memcpy(parts[worker].to.data(), parts[worker].from.data(), count * sizeof(uint64_t));
    });
    return speed;
}

}  // namespace npuscribe::bench
#endif  // HWY_ONCE
