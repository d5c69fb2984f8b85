#include "device/npu/npu_operand.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/checks.h"
#include "device/operand_rows.h"

namespace npuscribe {

using xrt_backend::Argument;
using xrt_backend::XrtError;

namespace {

constexpr size_t kFillRows = 64;  // rows that one worker fills at a time; a row of tiles is a multiple

void hand_over(xrt_backend::Buffer& buffer, size_t bytes) {
    try {
        buffer.to_device(0, bytes);
    } catch (const XrtError& error) {
        throw_npu_error(error, "did not take an operand over");
    }
}

}  // namespace

void BadPlace::note(const std::optional<simd::Place>& found) {
    if (!found) return;
    std::lock_guard lock(mutex_);
    if (!place_ || std::pair(found->row, found->col) < std::pair(place_->row, place_->col)) place_ = found;
}

std::string BadPlace::describe() const {
    return fmt::format("Inf, NaN or a value too large for BFP16 at row {}, column {}", place_->row,
                       place_->col);
}

NpuBuffer NpuShared::take_result(NpuOpenProgram& program, size_t bytes, const std::string& what) {
    auto& idle = idle_results[bytes];
    if (idle.empty()) return array.allocate(program, Argument::c, bytes, "the result of " + what);
    NpuBuffer result = std::move(idle.back());
    idle.pop_back();
    return result;
}

void NpuShared::give_back(NpuBuffer result) {
    auto& idle = idle_results[result->bytes().size()];
    idle.push_back(std::move(result));
}

NpuOperand::NpuOperand(size_t max_rows, size_t cols, NpuShared& shared)
    : Operand(shared.device, cols), shared_(shared), max_rows_(max_rows) {}

NpuOperand::~NpuOperand() {
    try {
        if (pending != nullptr) pending->complete();
    } catch (const std::exception&) {  // whoever waits for the run gets the error, too
    }
}

void NpuOperand::allocate(Argument argument) {
    const std::string what = fmt::format("an operand of {} x {}", max_rows_, cols_);
    const NpuArray::Rows& cut = shared_.array.rows_for(cols_, what);
    longest_ = cut.longest();
    const array::Tile& tile = cut.program->planned->tile;
    tile_rows_ = tile.m;
    std::vector<Chunk> chunks;
    for (size_t first = 0; first < max_rows_; first += longest_) {
        Chunk chunk;
        chunk.first = first;
        chunk.layout = {cut.padded(std::min(longest_, max_rows_ - first)), cols_, tile.m, tile.k, 0};
        chunk.buffer = shared_.array.allocate(*cut.program, argument, chunk.layout.bytes(), what);
        // Unwritten rows must be zeros for the array, too.
        if (argument == Argument::a) hand_over(*chunk.buffer, chunk.layout.bytes());
        chunks.push_back(std::move(chunk));
    }
    chunks_ = std::move(chunks);
    argument_ = argument;
}

std::vector<NpuOperand::Part> NpuOperand::parts() const {
    std::vector<Part> parts;
    for (const Chunk& chunk : chunks_) {
        if (chunk.first >= rows_) break;
        parts.push_back({chunk.first, std::min(longest_, rows_ - chunk.first), chunk.buffer.get()});
    }
    return parts;
}

void NpuOperand::begin(size_t rows, Argument argument) {
    check_fits(rows, max_rows_);
    if (chunks_.empty() || argument_ != argument) allocate(argument);
    rows_ = rows;
}

void NpuOperand::begin(size_t rows) {
    begin(rows, Argument::a);
}

void NpuOperand::begin_on_array(size_t rows) {
    begin(rows, Argument::c);
}

std::optional<simd::Place> NpuOperand::fill_rows(size_t first, MatrixView<const float> x,
                                                 const simd::RowPreparation& how) {
    const Chunk& chunk = chunks_[first / longest_];
    auto place = simd::prepare_for_npu(x, how, chunk.layout, first - chunk.first, chunk.buffer->bytes());
    if (place) place->row += first;
    return place;
}

void NpuOperand::finish() {
    const Stopwatch watch;
    for (const Part& part : parts()) {
        const Chunk& chunk = chunks_[part.first / longest_];
        const size_t bytes = (part.rows + tile_rows_ - 1) / tile_rows_ * chunk.layout.row_tile_bytes();
        hand_over(*part.buffer, bytes);
        shared_.stats.bytes_to_device += bytes;
    }
    shared_.stats.transfer_seconds += watch.seconds();
}

void NpuOperand::fill(MatrixView<const float> x, const LayerNorm* norm) {
    check_prepare(x, norm, *this);
    if (pending != nullptr) pending->complete();
    begin(x.rows);
    const Stopwatch watch;
    const auto how = preparation(norm, simd::Numerics::bfp16, shared_.rounding);
    BadPlace bad;
    shared_.pool.for_each(x.rows, kFillRows, [&](size_t from, size_t to, size_t) {
        bad.note(fill_rows(from, x.rows_from(from, to - from), how));
    });
    shared_.stats.prepare_seconds += watch.seconds();
    if (bad.place()) refuse_operand(kNpuDevice, bad.describe());
    finish();
}

}  // namespace npuscribe
