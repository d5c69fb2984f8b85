#include "device/emulated/emulated_array.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "host/host_kernels.h"
#include "simd/isa.h"

namespace npuscribe::array {
namespace {

using kernels::HostKernel;

/// The memory of one tile of the array, as large as the real one. Buffers are placed in it one after the
/// other.
class TileMemory {
  public:
    TileMemory(size_t bytes, size_t reserved) : storage_(bytes), used_(reserved) {}

    uint8_t* place(size_t bytes) {
        used_ = (used_ + kCacheLine - 1) / kCacheLine * kCacheLine;
        if (used_ + bytes > storage_.size()) {
            throw DeviceError(fmt::format(
                "a tile's memory of {} bytes is full: {} are in use, and {} more are needed; change the "
                "buffers in kernels/plan.json",
                storage_.size(), used_, bytes));
        }
        uint8_t* at = storage_.data() + used_;
        used_ += bytes;
        return at;
    }
    std::vector<uint8_t*> place(size_t count, size_t bytes) {
        std::vector<uint8_t*> all(count);
        for (auto& buffer : all) buffer = place(bytes);
        return all;
    }

  private:
    Buffer<uint8_t> storage_;
    size_t used_;
};

/// Buffers that take turns, as an ObjectFifo's do.
struct Fifo {
    std::vector<uint8_t*> buffers;
    size_t next = 0;

    uint8_t* acquire() { return buffers[next++ % buffers.size()]; }
};

struct Core {
    TileMemory memory;
    Fifo a, b, c;
    uint8_t* sums;

    Core(const Plan& plan, const Program& program) : memory(plan.core.memory, plan.core.reserved) {
        a.buffers = memory.place(plan.core_buffers.a, program.a_tile_bytes());
        b.buffers = memory.place(plan.core_buffers.b, program.b_tile_bytes());
        c.buffers = memory.place(plan.core_buffers.c, program.piece_bytes());
        sums = memory.place(program.sum_bytes());
    }
};

/// A column: its memory tile and its cores. In the array, four memory tiles also hold the A of one row of
/// cores each. Here every column has room for that; the plan has checked that it fits.
struct Column {
    TileMemory memory;
    Fifo a, b, c;
    std::vector<Core> cores;

    Column(const Plan& plan, const Program& program) : memory(plan.memory_tile.memory, 0) {
        a.buffers = memory.place(plan.memory_buffers.a, program.a_tile_bytes());
        b.buffers = memory.place(plan.memory_buffers.b, program.b_tile_bytes());
        c.buffers = memory.place(plan.memory_buffers.c, program.piece_bytes() * plan.rows);
        for (size_t row = 0; row < plan.rows; ++row) cores.emplace_back(plan, program);
    }
};

const HostKernel& find_kernel(const Program& program) {
    const std::string_view cpu = simd::isa() >= simd::Isa::avx2 ? "avx2" : "baseline";
    for (const HostKernel& kernel : kernels::host_kernels()) {
        if (kernel.kernel == name(program.kernel) && kernel.cpu == cpu &&
            Tile{kernel.m, kernel.k, kernel.n} == program.tile) {
            return kernel;
        }
    }
    throw DeviceError(fmt::format(
        "this build has no kernel for {}: add its tile to kernels/plan.json and build again", program.name));
}

/// Computes one column's part of a group: a tile of C in each of its cores.
class ColumnJob {
  public:
    ColumnJob(const Gemm& gemm, const HostKernel& kernel, std::span<const uint8_t> a,
              std::span<const uint8_t> b, std::span<uint8_t> c)
        : gemm_(gemm), kernel_(kernel), a_(a), b_(b), c_(c) {}

    void run(size_t group, size_t column_index, Column& column, Traffic& traffic) const {
        const Program& program = *gemm_.program;
        const size_t row_tile = group / gemm_.column_groups() * gemm_.rows;
        const size_t col_tile = group % gemm_.column_groups() * gemm_.columns + column_index;
        const size_t a_bytes = program.a_tile_bytes();
        const size_t b_bytes = program.b_tile_bytes();
        const bool has_bias = program.kernel == Kernel::bfp16;
        const uint8_t* b_from = b_.data() + col_tile * (gemm_.k_tiles() + (has_bias ? 1 : 0)) * b_bytes;

        start(column, b_from, traffic);
        if (has_bias) b_from += b_bytes;
        for (size_t k = 0; k < gemm_.k_tiles(); ++k, b_from += b_bytes) {
            const uint8_t* b_tile = fetch(column.b, b_from, b_bytes);
            traffic.dram_read += b_bytes;
            for (size_t row = 0; row < column.cores.size(); ++row) {
                Core& core = column.cores[row];
                const uint8_t* a_from = a_.data() + ((row_tile + row) * gemm_.k_tiles() + k) * a_bytes;
                const uint8_t* left = fetch(core.a, fetch(column.a, a_from, a_bytes), a_bytes);
                const uint8_t* right = fetch(core.b, b_tile, b_bytes);
                multiply(left, right, core.sums);
                if (column_index == 0) traffic.dram_read += a_bytes;  // read once, broadcast along the row
                traffic.core_read += a_bytes + b_bytes;
            }
        }
        traffic.kernel_calls += column.cores.size() * gemm_.k_tiles();
        traffic.macs += column.cores.size() * program.tile.m * program.tile.n * gemm_.k;
        finish(column, row_tile, col_tile, traffic);
    }

  private:
    /// A DMA transfer into the next buffer of a fifo.
    static uint8_t* fetch(Fifo& fifo, const uint8_t* from, size_t bytes) {
        uint8_t* to = fifo.acquire();
        std::memcpy(to, from, bytes);
        return to;
    }

    void start(Column& column, const uint8_t* header_from, Traffic& traffic) const {
        if (kernel_.int8.init != nullptr) {
            for (Core& core : column.cores) kernel_.int8.init(reinterpret_cast<int32_t*>(core.sums));
            return;
        }
        const size_t bytes = gemm_.program->b_tile_bytes();
        const uint8_t* header = fetch(column.b, header_from, bytes);
        traffic.dram_read += bytes;
        for (Core& core : column.cores) {
            kernel_.bfp16.init(fetch(core.b, header, bytes), reinterpret_cast<float*>(core.sums));
            traffic.core_read += bytes;
        }
    }

    void multiply(const uint8_t* a, const uint8_t* b, uint8_t* c) const {
        if (kernel_.bfp16.multiply != nullptr) {
            kernel_.bfp16.multiply(a, b, reinterpret_cast<float*>(c));
        } else {
            kernel_.int8.multiply(reinterpret_cast<const int8_t*>(a), reinterpret_cast<const int8_t*>(b),
                                  reinterpret_cast<int32_t*>(c));
        }
    }

    /// Lets the cores make results of their sums, and moves these out piece by piece: the column's four are
    /// gathered in its memory tile, and leave for their places in memory.
    void finish(Column& column, size_t row_tile, size_t col_tile, Traffic& traffic) const {
        const Program& program = *gemm_.program;
        const size_t piece = program.piece_bytes(), tile = program.c_tile_bytes(gemm_.result);
        const size_t pieces = program.pieces(gemm_.result);
        for (Core& core : column.cores) finish(core.sums);
        for (size_t i = 0; i < pieces; ++i) {
            uint8_t* joined = column.c.acquire();
            for (size_t row = 0; row < column.cores.size(); ++row) {
                Core& core = column.cores[row];
                uint8_t* out = core.c.acquire();
                put(core.sums, out);
                std::memcpy(joined + row * piece, out, piece);
                std::memcpy(
                    c_.data() + (row_tile + row) * gemm_.c_row_tile_bytes() + col_tile * tile + i * piece,
                    joined + row * piece, piece);
            }
        }
        traffic.core_written += tile * column.cores.size();
        traffic.dram_written += tile * column.cores.size();
    }

    void finish(uint8_t* sums) const {
        const auto result = static_cast<int32_t>(gemm_.result);
        if (kernel_.bfp16.finish != nullptr) {
            kernel_.bfp16.finish(reinterpret_cast<float*>(sums), result);
        } else {
            kernel_.int8.finish(reinterpret_cast<int32_t*>(sums), result);
        }
    }
    void put(uint8_t* sums, uint8_t* piece) const {
        if (kernel_.bfp16.put != nullptr) {
            kernel_.bfp16.put(reinterpret_cast<float*>(sums), piece);
        } else {
            kernel_.int8.put(reinterpret_cast<int32_t*>(sums), piece);
        }
    }

    const Gemm& gemm_;
    const HostKernel& kernel_;
    std::span<const uint8_t> a_, b_;
    std::span<uint8_t> c_;
};

void check_size(const Gemm& gemm, const char* what, size_t given, size_t wanted) {
    if (given == wanted) return;
    throw DeviceError(fmt::format("{}: {} has {} bytes, not {}", gemm.describe(), what, given, wanted));
}

}  // namespace

Traffic& Traffic::operator+=(const Traffic& other) {
    dram_read += other.dram_read;
    dram_written += other.dram_written;
    core_read += other.core_read;
    core_written += other.core_written;
    kernel_calls += other.kernel_calls;
    macs += other.macs;
    return *this;
}

Traffic run(const Plan& plan, const Gemm& gemm, std::span<const uint8_t> a, std::span<const uint8_t> b,
            std::span<uint8_t> c, ThreadPool& pool) {
    check_size(gemm, "A", a.size(), gemm.a_bytes());
    check_size(gemm, "B", b.size(), gemm.b_bytes());
    check_size(gemm, "C", c.size(), gemm.c_bytes());
    const HostKernel& kernel = find_kernel(*gemm.program);
    const ColumnJob job(gemm, kernel, a, b, c);
    std::vector<Traffic> traffic(pool.size());
    // Columns share nothing, so each is one piece of work, and each worker has the memory of one column.
    std::vector<Column> columns;
    for (size_t worker = 0; worker < pool.size(); ++worker) columns.emplace_back(plan, *gemm.program);
    pool.for_each(gemm.groups() * gemm.columns, 1, [&](size_t begin, size_t end, size_t worker) {
        for (size_t piece = begin; piece < end; ++piece) {
            job.run(piece / gemm.columns, piece % gemm.columns, columns[worker], traffic[worker]);
        }
    });
    Traffic total;
    for (const Traffic& part : traffic) total += part;
    return total;
}

}  // namespace npuscribe::array
