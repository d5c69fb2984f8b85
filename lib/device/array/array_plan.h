#pragma once
// How a matmul is cut up for the AIE2P array. kernels/plan.json says it to the array's design
// (kernels/design.py), the emulator and the runtime alike, and is built into the program.
//
// C [M × N] = A [M × K] · B [N × K]ᵀ + bias. Core (row r, column c) of the array computes one tile of C at a
// time, m × n, over all K/k tiles of its row of A and its column of B. The array does `rows` × `columns` such
// tiles together: a group. Groups go through C row-major.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bfp16/layout.h"

namespace npuscribe::array {

enum class Kernel {
    bfp16,  // 9-byte blocks; C is f32 and starts at the bias
    int8,   // bytes; C is int32 and starts at zero
};
std::string_view name(Kernel);

/// What leaves the array of a product's sums.
enum class Result {
    sums,        // as they are: f32, or int32 of int8 programs
    bf16,        // rounded to bfloat16, to nearest even
    gelu_bfp16,  // GELU (the erf form), then BFP16 in tiles: the A of a product whose k is this one's n
};
/// "sums", "bf16" or "gelu_bfp16", as in plan.json and in the manifest of array programs.
std::string_view name(Result);
/// Throws DeviceError if there is no such result.
Result parse_result(std::string_view);

/// What one core holds of A [m × k], B [n × k] and C [m × n].
struct Tile {
    size_t m = 0, k = 0, n = 0;
    bool operator==(const Tile&) const = default;
};

/// One xclbin: a kernel compiled for one tile. Its shapes differ only in their instructions.
struct Program {
    std::string name;
    Kernel kernel = Kernel::bfp16;
    Tile tile;
    std::vector<size_t> states;  // the values of n_audio_state that it is meant for

    size_t a_tile_bytes() const;
    size_t b_tile_bytes() const;
    /// The sums of a tile of C stay in the core, 4 bytes each, and behind them what has left.
    size_t sum_bytes() const;
    /// C leaves in pieces of one size, because a DMA's transfers have one: those that make a tile of BFP16.
    size_t piece_bytes() const;
    size_t pieces(Result) const;
    /// Of a tile of C in memory. Its last piece may end in bytes that mean nothing.
    size_t c_tile_bytes(Result result) const { return pieces(result) * piece_bytes(); }
};

/// How many buffers of each operand there are; two let the DMA fill one while the core reads the other.
struct Depths {
    size_t a = 0, b = 0, c = 0;
};

struct TileLimits {
    size_t memory = 0;     // bytes
    size_t reserved = 0;   // of these, stack and static data
    size_t alignment = 1;  // of buffers, in bytes: vector loads and stores need it
    size_t dma_in = 0;
    size_t dma_out = 0;
    size_t buffer_descriptors = 0;
    size_t locks = 0;
    size_t task_queue = 0;  // transfers that a DMA channel holds; the next one is dropped without a word
};

/// One matmul on the array: a program and its padded sizes.
struct Gemm {
    const Program* program = nullptr;
    size_t m = 0, k = 0, n = 0;    // multiples of the whole array's tiles
    size_t rows = 0, columns = 0;  // of the array
    Result result = Result::sums;

    size_t k_tiles() const { return k / program->tile.k; }
    size_t row_groups() const { return m / (program->tile.m * rows); }
    size_t column_groups() const { return n / (program->tile.n * columns); }
    size_t groups() const { return row_groups() * column_groups(); }

    /// Of bfp16 programs. B's rows of tiles start with one more tile, which holds the bias of its columns:
    /// n f32 values, then zeros.
    bfp16::TileLayout a_layout() const;
    bfp16::TileLayout b_layout() const;

    size_t a_bytes() const;
    size_t b_bytes() const;  // with the tiles of the bias
    /// C is in tiles, row-major, each in 8 × 8 subtiles, column-major (array_results.h reads them).
    size_t c_bytes() const { return m / program->tile.m * c_row_tile_bytes(); }
    size_t c_row_tile_bytes() const { return n / program->tile.n * program->c_tile_bytes(result); }
    /// True if `next` can read this product's C as its A: one program, and no padding between them.
    bool feeds(const Gemm& next) const;
    /// "bfp16_128x32x64, 1536 x 512 x 2048 to bf16"
    std::string describe() const;
};

class Plan {
  public:
    /// The plan of kernels/plan.json as it was when this was built.
    static const Plan& built_in();
    /// Throws DeviceError if the text is not a plan, or if something in it does not fit the array's memory or
    /// its DMA channels, naming the buffer and the sizes.
    explicit Plan(std::string_view json);

    int layout_version = 0;
    size_t rows = 0;     // cores a column
    size_t columns = 0;  // columns of cores, and memory tiles
    size_t dma_granularity = 0;
    TileLimits core, memory_tile, shim;
    Depths core_buffers, memory_buffers;
    size_t groups_in_flight = 0;  // transfers queued ahead, in groups
    std::vector<Program> programs;
    std::vector<size_t> row_counts;  // padded M that have instructions, ascending

    /// What a core holds, in bytes, stack and static data included; and the fullest memory tile.
    size_t core_bytes(const Program&) const;
    size_t memory_tile_bytes(const Program&) const;

    /// The program for operands of `k` columns. It does not depend on the weights' rows, so that one operand
    /// serves several weights. If k is the n_audio_state of a Whisper size, or four times that, it is that
    /// size's program; otherwise the one that pads k least, and of several such the one with the largest
    /// tile.
    const Program& program_for(Kernel, size_t k) const;
    /// The smallest padded matmul that holds m × k × n. m must not exceed `max_rows()`.
    Gemm gemm(const Program&, size_t m, size_t k, size_t n, Result = Result::sums) const;
    size_t max_rows() const { return row_counts.back(); }
};

}  // namespace npuscribe::array
