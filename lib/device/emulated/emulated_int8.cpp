#include "device/emulated/emulated_int8.h"

#include <algorithm>
#include <cstring>

#include "base/buffer.h"
#include "base/thread_pool.h"
#include "bfp16/int8.h"
#include "device/array/array_model.h"
#include "device/emulated/emulated_array.h"
#include "device/int8_device.h"

namespace npuscribe {
namespace {

using array::Gemm;
using array::Kernel;
using array::Plan;

struct ArrayWeights final : Int8Weights {
    const array::Program* program = nullptr;
    size_t n = 0;
    Buffer<uint8_t> tiles;
};

class ArrayInt8 final : public Int8Backend {
  public:
    explicit ArrayInt8(ThreadPool& pool) : pool_(pool) {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = "emulated";
        info.description = describe_emulated_array(plan_);
        info.numerics = "int8 in the array's kernels, int32 sums";
        info.modelled_times = true;
        return info;
    }

    std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight, const std::string&) override {
        auto weights = std::make_unique<ArrayWeights>();
        weights->program = &plan_.program_for(Kernel::int8, weight.cols);
        weights->n = weight.rows;
        const Gemm shape = plan_.gemm(*weights->program, 1, weight.cols, weight.rows);
        weights->tiles = Buffer<uint8_t>(shape.b_bytes());
        const array::Tile& tile = weights->program->tile;
        shuffle_into(weight, {shape.n, shape.k, tile.n, tile.k, true}, weights->tiles.data());
        return weights;
    }

    void multiply(const Int8Weights& loaded, MatrixView<const int8_t> x, const Use& use,
                  DeviceStats& stats) override {
        const auto& weights = dynamic_cast<const ArrayWeights&>(loaded);
        const array::Tile& tile = weights.program->tile;
        for (size_t first = 0; first < x.rows; first += plan_.max_rows()) {
            const size_t rows = std::min(plan_.max_rows(), x.rows - first);
            const Gemm shape = plan_.gemm(*weights.program, rows, x.cols, weights.n);
            a_.reserve_discard(shape.a_bytes());
            c_.reserve_discard(shape.m * shape.n);
            shuffle_into(x.rows_from(first, rows), {shape.m, shape.k, tile.m, tile.k, false}, a_.data());
            const auto traffic = array::run(plan_, shape, {a_.data(), shape.a_bytes()},
                                            {weights.tiles.data(), weights.tiles.size()},
                                            {reinterpret_cast<uint8_t*>(c_.data()), shape.c_bytes()}, pool_);
            sums_.reserve_discard(rows * weights.n);
            pool_.for_each(rows, 16, [&](size_t begin, size_t end, size_t worker) {
                const auto sums = sums_.matrix(rows, weights.n).rows_from(begin, end - begin);
                for (size_t r = 0; r < sums.rows; ++r)
                    std::copy_n(c_.data() + (begin + r) * shape.n, sums.cols, sums.row(r));
                use(first + begin, sums, worker);
            });
            const array::ModelledTime time = array::model(shape);
            stats.matmul_seconds += time.dispatch + time.array;
            stats.transfer_seconds += time.total - time.dispatch - time.array;
            stats.cycles += time.cycles;
            stats.bytes_to_device += traffic.dram_read;
            stats.bytes_from_device += traffic.dram_written;
        }
    }

  private:
    /// Whole subtiles at a time; what `values` lacks of the layout is zero. Columns of `values` are a
    /// multiple of 8.
    void shuffle_into(MatrixView<const int8_t> values, const bfp16::Int8Tiles& layout, uint8_t* tiles) {
        pool_.for_each(layout.rows, 8, [&](size_t begin, size_t end, size_t) {
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

    ThreadPool& pool_;
    const Plan& plan_ = Plan::built_in();
    Buffer<uint8_t> a_;
    Buffer<int32_t> c_;     // padded to whole tiles
    Buffer<int32_t> sums_;  // without the padding
};

}  // namespace

std::string describe_emulated_array(const Plan& plan) {
    return "AIE2P array, " + std::to_string(plan.columns) + " columns of " + std::to_string(plan.rows) +
           " cores, emulated";
}

std::unique_ptr<Device> make_emulated_int8_device(const DeviceOptions& options, ThreadPool& pool) {
    return make_int8_device(options, pool, std::make_unique<ArrayInt8>(pool));
}

}  // namespace npuscribe
