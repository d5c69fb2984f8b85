#include "device/cpu/cpu_int8.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/openmp.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/cpu/cpu_info.h"
#include "device/cpu/onednn_matmul.h"
#include "device/cpu/onednn_primitive.h"
#include "device/int8_device.h"
#include "simd/kernels.h"
#include "simd/matmul/int8_matmul.h"

namespace npuscribe {
namespace {

using dnnl::memory;
using onednn::dim;
using onednn::engine;

constexpr size_t kBlockRows = 64;  // the sums of FC1, 64 × 2048, are half of a 1 MB L2

DeviceInfo cpu_int8_info(const char* numerics) {
    DeviceInfo info;
    info.name = kCpuDevice;
    info.description = cpu_description();
    info.numerics = numerics;
    return info;
}

/// What workers have spent since this was last called, as wall-clock time: they run side by side.
template <class Worker>
double take_seconds(std::vector<Worker>& workers) {
    double sum = 0;
    for (auto& worker : workers) sum += std::exchange(worker.seconds, 0.0);
    return sum / static_cast<double>(workers.size());
}

/// Calls `prepare(rows)` for the block sizes that `rows` rows are cut into: whole blocks and what is left.
template <class Prepare>
void for_each_block_size(size_t rows, Prepare&& prepare) {
    if (rows >= kBlockRows) prepare(kBlockRows);
    if (rows % kBlockRows != 0) prepare(rows % kBlockRows);
}

/// oneDNN's integer matmul, exact on CPUs with VNNI.
class VnniBackend final : public Int8Backend {
  public:
    explicit VnniBackend(ThreadPool& pool) : pool_(pool) {
        const OneOpenMpThread here;
        for (size_t worker = 0; worker < pool.size(); ++worker)
            workers_.push_back({dnnl::stream(engine()), {}, 0});
    }

    DeviceInfo info() const override { return cpu_int8_info("int8, int32 sums"); }

    std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight) override {
        return std::make_unique<Weights>(weight, *this);
    }

  private:
    /// What each worker has to itself, on a cache line of its own.
    struct alignas(kCacheLine) Worker {
        dnnl::stream stream;
        Buffer<int32_t> sums;  // of one block of rows
        double seconds = 0;
    };

    class Weights final : public Int8Weights {
      public:
        Weights(MatrixView<const int8_t> weight, VnniBackend& backend)
            : backend_(backend), n_(weight.rows), k_(weight.cols) {
            const OneOpenMpThread here;
            // The usual number of rows decides the layout, and all other numbers of rows use it too.
            const memory::desc any({dim(k_), dim(n_)}, memory::data_type::s8, memory::format_tag::any);
            values_ = memory(describe(kBlockRows, any).weights_desc(), engine());
            const memory::desc plain({dim(k_), dim(n_)}, memory::data_type::s8, memory::format_tag::ba);
            memory from(plain, engine(), onednn::input(weight.data));
            dnnl::stream& stream = backend.workers_[0].stream;
            dnnl::reorder(from, values_).execute(stream, from, values_);
            stream.wait();
        }

        void multiply(MatrixView<const int8_t> x, const Use& use, DeviceStats& stats) override {
            for_each_block_size(x.rows, [&](size_t rows) { prepare(rows); });
            backend_.pool_.for_each(x.rows, kBlockRows, [&](size_t begin, size_t end, size_t index) {
                Worker& worker = backend_.workers_[index];
                const Stopwatch watch;
                worker.sums.reserve_discard(kBlockRows * n_);
                shapes_.at(end - begin).execute(x.row(begin), worker.sums.data(), worker.stream, index);
                worker.seconds += watch.seconds();
                use(begin, worker.sums.matrix(end - begin, n_), index);
            });
            stats.matmul_seconds += take_seconds(backend_.workers_);
        }

      private:
        dnnl::matmul::primitive_desc describe(size_t rows, const memory::desc& values) const {
            const memory::desc x({dim(rows), dim(k_)}, memory::data_type::s8, memory::format_tag::ab);
            const memory::desc y({dim(rows), dim(n_)}, memory::data_type::s32, memory::format_tag::ab);
            return onednn::describe(x, values, {}, y, {});
        }

        void prepare(size_t rows) {
            if (shapes_.contains(rows)) return;
            const OneOpenMpThread here;
            const auto primitive = describe(rows, values_.get_desc());
            shapes_.emplace(rows, onednn::Primitive(primitive, values_, {}, backend_.workers_.size()));
        }

        VnniBackend& backend_;
        size_t n_, k_;
        memory values_;
        std::map<size_t, onednn::Primitive> shapes_;  // by rows
    };

    ThreadPool& pool_;
    std::vector<Worker> workers_;
};

/// For CPUs with AVX2 and without VNNI: there, oneDNN adds pairs of int8 products in 16 bits, which saturate.
class Int16Backend final : public Int8Backend {
  public:
    explicit Int16Backend(ThreadPool& pool) : pool_(pool), workers_(pool.size()) {}

    DeviceInfo info() const override { return cpu_int8_info("int8 as int16, int32 sums"); }

    std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight) override {
        return std::make_unique<Weights>(weight, *this);
    }

  private:
    /// What each worker has to itself, on a cache line of its own.
    struct alignas(kCacheLine) Worker {
        Buffer<int32_t> sums{};
        Buffer<int16_t> wide{};
        double seconds = 0;
    };

    class Weights final : public Int8Weights {
      public:
        Weights(MatrixView<const int8_t> weight, Int16Backend& backend)
            : backend_(backend), panels_(weight) {}

        void multiply(MatrixView<const int8_t> x, const Use& use, DeviceStats& stats) override {
            backend_.pool_.for_each(x.rows, kBlockRows, [&](size_t begin, size_t end, size_t index) {
                Worker& worker = backend_.workers_[index];
                const Stopwatch watch;
                worker.sums.reserve_discard(kBlockRows * panels_.n());
                worker.wide.reserve_discard(simd::int8_matmul_scratch(kBlockRows, panels_.k()));
                const auto sums = worker.sums.matrix(end - begin, panels_.n());
                simd::multiply_int8(x.rows_from(begin, end - begin), panels_, sums, worker.wide.data());
                worker.seconds += watch.seconds();
                use(begin, sums, index);
            });
            stats.matmul_seconds += take_seconds(backend_.workers_);
        }

      private:
        Int16Backend& backend_;
        simd::Int8Panels panels_;
    };

    ThreadPool& pool_;
    std::vector<Worker> workers_;
};

/// For CPUs without AVX2. f32 is exact as long as sums stay below 2^24, as the sums of 1024 products of int8
/// do, in whatever order they are added.
class F32Backend final : public Int8Backend {
  public:
    explicit F32Backend(ThreadPool& pool) : pool_(pool), workers_(pool.size()) {}

    DeviceInfo info() const override { return cpu_int8_info("int8 as f32, int32 sums"); }

    std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight) override {
        return std::make_unique<Weights>(weight, *this);
    }

  private:
    static constexpr size_t kExactDepth = 1024;

    /// What each worker has to itself, on a cache line of its own.
    struct alignas(kCacheLine) Worker {
        Buffer<int32_t> sums{};
        Buffer<float> wide{};  // operand and products as f32
        double seconds = 0;
    };

    static void widen(MatrixView<const int8_t> from, float* to) {
        for (size_t r = 0; r < from.rows; ++r) to = std::copy_n(from.row(r), from.cols, to);
    }

    class Weights final : public Int8Weights {
      public:
        Weights(MatrixView<const int8_t> weight, F32Backend& backend) : backend_(backend), n_(weight.rows) {
            for (size_t first = 0; first < weight.cols; first += kExactDepth) {
                const auto part = weight.cols_from(first, std::min(kExactDepth, weight.cols - first));
                Buffer<float> values(part.rows * part.cols);
                widen(part, values.data());
                parts_.emplace_back(MatrixView<const float>(values.data(), part.rows, part.cols),
                                    std::span<const float>(), backend.pool_.size());
            }
        }

        void multiply(MatrixView<const int8_t> x, const Use& use, DeviceStats& stats) override {
            for (OneDnnMatmul& part : parts_)
                for_each_block_size(x.rows, [&](size_t rows) { part.prepare(rows, n_, false); });
            backend_.pool_.for_each(x.rows, kBlockRows, [&](size_t begin, size_t end, size_t index) {
                Worker& worker = backend_.workers_[index];
                const Stopwatch watch;
                const auto sums = multiply_block(x.rows_from(begin, end - begin), worker, index);
                worker.seconds += watch.seconds();
                use(begin, sums, index);
            });
            stats.matmul_seconds += take_seconds(backend_.workers_);
        }

      private:
        MatrixView<const int32_t> multiply_block(MatrixView<const int8_t> x, Worker& worker,
                                                 size_t index) const {
            worker.wide.reserve_discard(kBlockRows * (kExactDepth + n_));
            worker.sums.reserve_discard(kBlockRows * n_);
            float* wide = worker.wide.data();
            float* products = wide + kBlockRows * kExactDepth;
            size_t first = 0;
            for (const OneDnnMatmul& part : parts_) {
                widen(x.cols_from(first, part.k()), wide);
                part.execute(wide, x.rows, products, n_, false, index);
                for (size_t i = 0; i < x.rows * n_; ++i) {
                    int32_t& sum = worker.sums[i];
                    sum = (first == 0 ? 0 : sum) + static_cast<int32_t>(products[i]);
                }
                first += part.k();
            }
            return worker.sums.matrix(x.rows, n_);
        }

        F32Backend& backend_;
        size_t n_;
        std::vector<OneDnnMatmul> parts_;  // of K
    };

    ThreadPool& pool_;
    std::vector<Worker> workers_;
};

}  // namespace

std::unique_ptr<Device> make_cpu_int8_device(const DeviceOptions& options, ThreadPool& pool) {
    if (onednn_has_vnni()) return make_int8_device(options, pool, std::make_unique<VnniBackend>(pool));
    if (simd::kernels().int8_matmul == simd::Int8Matmul::int16)
        return make_int8_device(options, pool, std::make_unique<Int16Backend>(pool));
    return make_int8_device(options, pool, std::make_unique<F32Backend>(pool));
}

}  // namespace npuscribe
