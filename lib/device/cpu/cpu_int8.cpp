#include "device/cpu/cpu_int8.h"

#include <algorithm>
#include <dnnl.hpp>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/openmp.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/cpu/cpu_info.h"
#include "device/cpu/onednn_matmul.h"
#include "device/int8_device.h"

namespace npuscribe {
namespace {

using dnnl::memory;

constexpr size_t kBlockRows = 64;  // sums of FC1, 64 × 2048, are half of a 1 MB L2

memory::dim dim(size_t size) {
    return static_cast<memory::dim>(size);
}

/// A primitive for one number of rows, and what each worker needs to run it without allocating.
struct Shape {
    struct Slot {
        memory x, y, scratch;
        std::unordered_map<int, memory> arguments;
    };
    dnnl::matmul primitive;
    std::vector<Slot> slots;
};

/// What a worker has to itself, alone on its cache line.
struct alignas(kCacheLine) OneDnnWorker {
    dnnl::stream stream;
    Buffer<int32_t> sums;  // of one block of rows
    double seconds = 0;
};

struct alignas(kCacheLine) PlainWorker {
    Buffer<int32_t> sums{};
    Buffer<float> wide{};  // operand and products as f32
    double seconds = 0;
};

/// What workers have spent since last asked, as wall-clock time: they run side by side.
template <class Worker>
double take_seconds(std::vector<Worker>& workers) {
    double sum = 0;
    for (auto& worker : workers) sum += std::exchange(worker.seconds, 0.0);
    return sum / static_cast<double>(workers.size());
}

struct CpuInt8Weights final : Int8Weights {
    size_t n = 0, k = 0;
    memory values;
    std::map<size_t, Shape> shapes;  // by rows
};

class CpuInt8 final : public Int8Backend {
  public:
    explicit CpuInt8(ThreadPool& pool)
        : isa_(onednn_isa()), engine_(dnnl::engine::kind::cpu, 0), pool_(pool) {
        const OneOpenMpThread here;
        for (size_t worker = 0; worker < pool.size(); ++worker)
            workers_.push_back({dnnl::stream(engine_), {}, 0});
    }

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = "cpu";
        info.description = cpu_name() + ", " + isa_ + ", oneDNN " + onednn_version();
        info.numerics = "int8, int32 sums";
        return info;
    }

    std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight, const std::string&) override {
        const OneOpenMpThread here;
        auto weights = std::make_unique<CpuInt8Weights>();
        weights->n = weight.rows;
        weights->k = weight.cols;
        // The usual block of rows decides the layout; other numbers of rows take it as it is.
        const memory::desc any({dim(weight.cols), dim(weight.rows)}, memory::data_type::s8,
                               memory::format_tag::any);
        weights->values = memory(describe(*weights, kBlockRows, any).weights_desc(), engine_);
        const memory::desc plain({dim(weight.cols), dim(weight.rows)}, memory::data_type::s8,
                                 memory::format_tag::ba);
        memory from(plain, engine_, const_cast<int8_t*>(weight.data));
        dnnl::reorder(from, weights->values).execute(workers_[0].stream, from, weights->values);
        workers_[0].stream.wait();
        return weights;
    }

    void multiply(const Int8Weights& loaded, MatrixView<const int8_t> x, const Use& use,
                  DeviceStats& stats) override {
        // The shapes are a cache, made by the one thread that submits.
        auto& weights = const_cast<CpuInt8Weights&>(dynamic_cast<const CpuInt8Weights&>(loaded));
        for (const size_t rows : {kBlockRows, x.rows % kBlockRows}) {
            if (rows != 0 && rows <= x.rows) prepare(weights, rows);
        }
        pool_.for_each(x.rows, kBlockRows, [&](size_t begin, size_t end, size_t index) {
            auto& worker = workers_[index];
            const Stopwatch watch;
            auto& shape = weights.shapes.at(end - begin);
            auto& slot = shape.slots[index];
            worker.sums.reserve_discard(kBlockRows * weights.n);
            slot.x.set_data_handle(const_cast<int8_t*>(x.row(begin)));
            slot.y.set_data_handle(worker.sums.data());
            shape.primitive.execute(worker.stream, slot.arguments);
            worker.seconds += watch.seconds();
            use(begin, worker.sums.matrix(end - begin, weights.n), index);
        });
        stats.matmul_seconds += take_seconds(workers_);
    }

  private:
    dnnl::matmul::primitive_desc describe(const CpuInt8Weights& weights, size_t rows,
                                          const memory::desc& values) const {
        const memory::desc x({dim(rows), dim(weights.k)}, memory::data_type::s8, memory::format_tag::ab);
        const memory::desc y({dim(rows), dim(weights.n)}, memory::data_type::s32, memory::format_tag::ab);
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
        return {engine_, x, values, y, attributes};
#else
        return {dnnl::matmul::desc(x, values, y), attributes, engine_};
#endif
    }

    void prepare(CpuInt8Weights& weights, size_t rows) {
        if (weights.shapes.contains(rows)) return;
        const OneOpenMpThread here;  // the primitive is made for as many threads as OpenMP has now
        const auto primitive = describe(weights, rows, weights.values.get_desc());
        Shape shape{dnnl::matmul(primitive), {}};
        for (size_t worker = 0; worker < workers_.size(); ++worker) {
            Shape::Slot slot{memory(primitive.src_desc(), engine_, nullptr),
                             memory(primitive.dst_desc(), engine_, nullptr),
                             memory(primitive.scratchpad_desc(), engine_),
                             {}};
            slot.arguments = {{DNNL_ARG_SRC, slot.x},
                              {DNNL_ARG_WEIGHTS, weights.values},
                              {DNNL_ARG_DST, slot.y},
                              {DNNL_ARG_SCRATCHPAD, slot.scratch}};
            shape.slots.push_back(std::move(slot));
        }
        weights.shapes.emplace(rows, std::move(shape));
    }

    std::string isa_;  // asked for first: it caps oneDNN's instructions
    dnnl::engine engine_;
    ThreadPool& pool_;
    std::vector<OneDnnWorker> workers_;
};

/// For CPUs without VNNI, on which oneDNN adds pairs of int8 products in 16 bits, where they saturate. f32 is
/// exact as long as sums stay below 2^24: 1024 products of int8 do, in whatever order they are added.
class CpuInt8AsF32 final : public Int8Backend {
  public:
    explicit CpuInt8AsF32(ThreadPool& pool) : pool_(pool), workers_(pool.size()) {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = "cpu";
        info.description = cpu_name() + ", " + onednn_isa() + ", oneDNN " + onednn_version();
        info.numerics = "int8 as f32, int32 sums";
        return info;
    }

    std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight, const std::string&) override {
        auto weights = std::make_unique<Weights>();
        for (size_t first = 0; first < weight.cols; first += kExactDepth) {
            const auto part = weight.cols_from(first, std::min(kExactDepth, weight.cols - first));
            Buffer<float> values(part.rows * part.cols);
            widen(part, values.data());
            weights->parts.emplace_back(MatrixView<const float>(values.data(), part.rows, part.cols),
                                        std::span<const float>(), pool_.size());
        }
        return weights;
    }

    void multiply(const Int8Weights& loaded, MatrixView<const int8_t> x, const Use& use,
                  DeviceStats& stats) override {
        auto& weights = const_cast<Weights&>(dynamic_cast<const Weights&>(loaded));
        for (auto& part : weights.parts) {
            for (const size_t rows : {kBlockRows, x.rows % kBlockRows}) {
                if (rows != 0 && rows <= x.rows) part.prepare(rows, part.n(), false);
            }
        }
        const size_t n = weights.parts.front().n();
        pool_.for_each(x.rows, kBlockRows, [&](size_t begin, size_t end, size_t index) {
            auto& worker = workers_[index];
            const Stopwatch watch;
            const size_t rows = end - begin;
            worker.wide.reserve_discard(kBlockRows * (kExactDepth + n));
            worker.sums.reserve_discard(kBlockRows * n);
            float* wide = worker.wide.data();
            float* products = wide + kBlockRows * kExactDepth;
            size_t first = 0;
            for (const auto& part : weights.parts) {
                widen(x.rows_from(begin, rows).cols_from(first, part.k()), wide);
                part.execute(wide, rows, products, n, false, index);
                for (size_t i = 0; i < rows * n; ++i) {
                    int32_t& sum = worker.sums[i];
                    sum = (first == 0 ? 0 : sum) + static_cast<int32_t>(products[i]);
                }
                first += part.k();
            }
            worker.seconds += watch.seconds();
            use(begin, worker.sums.matrix(rows, n), index);
        });
        stats.matmul_seconds += take_seconds(workers_);
    }

  private:
    static constexpr size_t kExactDepth = 1024;

    struct Weights final : Int8Weights {
        std::vector<OneDnnMatmul> parts;  // of K
    };

    static void widen(MatrixView<const int8_t> from, float* to) {
        for (size_t r = 0; r < from.rows; ++r) to = std::copy_n(from.row(r), from.cols, to);
    }

    ThreadPool& pool_;
    std::vector<PlainWorker> workers_;
};

bool has_vnni() {
    onednn_isa();  // applies the cap
    const auto level = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    const auto vnni = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_vnni);
    return (level & vnni) == vnni;
}

}  // namespace

std::unique_ptr<Device> make_cpu_int8_device(const DeviceOptions& options, ThreadPool& pool) {
    if (!has_vnni()) return make_int8_device(options, pool, std::make_unique<CpuInt8AsF32>(pool));
    return make_int8_device(options, pool, std::make_unique<CpuInt8>(pool));
}

}  // namespace npuscribe
