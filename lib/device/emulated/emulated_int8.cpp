#include "device/emulated/emulated_int8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/buffer.h"
#include "base/thread_pool.h"
#include "bfp16/int8.h"
#include "device/array/array_model.h"
#include "device/array/array_results.h"
#include "device/emulated/emulated_array.h"
#include "device/int8_device.h"

namespace npuscribe {
namespace {

using array::Gemm;
using array::Kernel;
using array::Plan;

/// What the weights of one device share.
struct Shared {
    ThreadPool& pool;
    const Plan& plan = Plan::built_in();
    Buffer<uint8_t> a{};
    Buffer<uint8_t> c{};     // as the array leaves it
    Buffer<int32_t> sums{};  // without the padding

    /// Whole subtiles at a time. What the layout has and `values` lacks is zero. The columns of `values` are
    /// a multiple of 8.
    void shuffle_into(MatrixView<const int8_t> values, const bfp16::Int8Tiles& layout, uint8_t* tiles) const {
        pool.for_each(layout.rows, 8, [&](size_t begin, size_t end, size_t) {
            for (size_t row = begin; row < end; ++row) {
                for (size_t col = 0; col < layout.cols; col += 8) {
                    int8_t block[8] = {};
                    if (row < values.rows && col < values.cols) std::memcpy(block, values.row(row) + col, 8);
                    uint8_t* to = tiles + layout.offset(row, col);
                    const size_t step = layout.k_major ? 8 : 1;
                    for (size_t i = 0; i < 8; ++i) to[i * step] = static_cast<uint8_t>(block[i]);
                }
            }
        });
    }
};

class ArrayWeights final : public Int8Weights {
  public:
    ArrayWeights(MatrixView<const int8_t> weight, Shared& shared)
        : shared_(shared),
          program_(shared.plan.program_for(Kernel::int8, weight.cols)),
          n_(weight.rows),
          tiles_(shape(1, weight.cols).b_bytes()) {
        const Gemm padded = shape(1, weight.cols);
        const array::Tile& tile = program_.tile;
        shared.shuffle_into(weight, {padded.n, padded.k, tile.n, tile.k, true}, tiles_.data());
    }

    void multiply(MatrixView<const int8_t> x, const Use& use, DeviceStats& stats) override {
        for (size_t first = 0; first < x.rows; first += shared_.plan.max_rows()) {
            const size_t rows = std::min(shared_.plan.max_rows(), x.rows - first);
            const Gemm gemm = shape(rows, x.cols);
            const auto traffic = run(x.rows_from(first, rows), gemm);
            const auto layout = array::result_layout(gemm);
            shared_.sums.reserve_discard(rows * n_);
            shared_.pool.for_each(rows, 16, [&](size_t begin, size_t end, size_t worker) {
                const auto sums = shared_.sums.matrix(rows, n_).rows_from(begin, end - begin);
                for (size_t r = 0; r < sums.rows; ++r) {
                    for (size_t col = 0; col < sums.cols; col += 8) {
                        const uint8_t* from = shared_.c.data() + layout.offset(begin + r, col);
                        std::memcpy(sums.row(r) + col, from,
                                    std::min<size_t>(8, sums.cols - col) * sizeof(int32_t));
                    }
                }
                use(first + begin, sums, worker);
            });
            const array::ModelledTime time = array::model(gemm);
            stats.matmul_seconds += time.dispatch + time.array;
            stats.transfer_seconds += time.total - time.dispatch - time.array;
            stats.cycles += time.cycles;
            stats.bytes_to_device += traffic.dram_read;
            stats.bytes_from_device += traffic.dram_written;
        }
    }

  private:
    Gemm shape(size_t rows, size_t k) const { return shared_.plan.gemm(program_, rows, k, n_); }

    /// Leaves the padded product in `shared_.c`.
    array::Traffic run(MatrixView<const int8_t> x, const Gemm& gemm) {
        const array::Tile& tile = program_.tile;
        shared_.a.reserve_discard(gemm.a_bytes());
        shared_.c.reserve_discard(gemm.c_bytes());
        shared_.shuffle_into(x, {gemm.m, gemm.k, tile.m, tile.k, false}, shared_.a.data());
        return array::run(shared_.plan, gemm, {shared_.a.data(), gemm.a_bytes()},
                          {tiles_.data(), tiles_.size()}, {shared_.c.data(), gemm.c_bytes()}, shared_.pool);
    }

    Shared& shared_;
    const array::Program& program_;
    size_t n_;
    Buffer<uint8_t> tiles_;
};

class ArrayInt8 final : public Int8Backend {
  public:
    explicit ArrayInt8(ThreadPool& pool) : shared_{pool} {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = kEmulatedDevice;
        info.description = describe_emulated_array(shared_.plan);
        info.numerics = "int8 in the array's kernels, int32 sums";
        info.modelled_times = true;
        return info;
    }

    std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight) override {
        return std::make_unique<ArrayWeights>(weight, shared_);
    }

  private:
    Shared shared_;
};

}  // namespace

std::string describe_emulated_array(const Plan& plan) {
    return fmt::format("AIE2P array, {} columns of {} cores, emulated", plan.columns, plan.rows);
}

std::unique_ptr<Device> make_emulated_int8_device(const DeviceOptions& options, ThreadPool& pool) {
    return make_int8_device(options, pool, std::make_unique<ArrayInt8>(pool));
}

}  // namespace npuscribe
