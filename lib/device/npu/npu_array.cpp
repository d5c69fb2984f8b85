#include "device/npu/npu_array.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace npuscribe {

using xrt_backend::XrtError;

namespace {

// mlir-aie names an xclbin's kernel MLIR_AIE, or MLIR_AIE_0 and so on.
constexpr const char* kKernelPrefix = "MLIR_AIE";

size_t round_up(size_t value, size_t step) {
    return (value + step - 1) / step * step;
}

/// The numbers of rows for which `program` has instructions with this padded k for every n and result.
std::vector<size_t> row_counts(const NpuProgram& program, size_t padded_k) {
    std::map<std::pair<size_t, array::Result>, std::vector<size_t>> by_n;
    for (const NpuShape& shape : program.shapes) {
        if (shape.k == padded_k) by_n[{shape.n, shape.result}].push_back(shape.m);
    }
    std::vector<size_t> common;
    bool first = true;
    for (auto& [n, counts] : by_n) {
        std::sort(counts.begin(), counts.end());
        if (std::exchange(first, false)) {
            common = counts;
            continue;
        }
        std::vector<size_t> both;
        std::set_intersection(common.begin(), common.end(), counts.begin(), counts.end(),
                              std::back_inserter(both));
        common = both;
    }
    return common;
}

}  // namespace

bool has_program(const NpuPrograms& programs, const array::Plan& plan, size_t k, size_t n) {
    const array::Program& planned = plan.program_for(array::Kernel::bfp16, k);
    const NpuProgram* installed = programs.find(planned.name);
    if (installed == nullptr) return false;
    const array::Gemm shape = plan.gemm(planned, 1, k, n);
    return installed->any(shape.k, shape.n) != nullptr && !row_counts(*installed, shape.k).empty();
}

size_t NpuArray::Rows::padded(size_t rows) const {
    return *std::lower_bound(counts.begin(), counts.end(), rows);
}

NpuArray::NpuArray(xrt_backend::Backend& backend, unsigned index, NpuPrograms programs,
                   std::chrono::milliseconds limit)
    : plan_(array::Plan::built_in()), programs_(std::move(programs)), queue_(limit) {
    if (programs_.shapes() == 0) throw DeviceError(programs_.why_empty());
    try {
        device_ = backend.open_device(index);
    } catch (const XrtError& error) {
        throw_npu_error(error, "cannot be opened");
    }
}

NpuArray::~NpuArray() {
    if (!queue_.lost()) return;
    // The array may still use all of this.
    for (auto& [name, program] : open_) {
        for (auto& [shape, instructions] : program.instructions) (void)instructions.release();
        (void)program.context.release();
    }
    (void)device_.release();
}

void NpuArray::no_xclbin(const std::string& what) const {
    throw DeviceError(fmt::format(
        "there is no xclbin for {}: {} has {}; build the array programs for this model (kernels/README.md)",
        what, programs_.directory().string(), programs_.describe()));
}

NpuOpenProgram& NpuArray::open(const array::Program& planned, const std::string& what) {
    NpuOpenProgram& program = open_[planned.name];
    if (program.context) return program;
    const NpuProgram* installed = programs_.find(planned.name);
    if (installed == nullptr) no_xclbin(what);
    if (planned.tile != array::Tile{installed->tile_m, installed->tile_k, installed->tile_n}) {
        throw DeviceError(
            fmt::format("the array program {} in {} was built from another kernels/plan.json than this "
                        "npuscribe: build it again",
                        planned.name, programs_.directory().string()));
    }
    (void)read_verified(installed->xclbin, installed->sha256);
    try {
        program.context = device_->open(installed->xclbin.string(), kKernelPrefix);
    } catch (const XrtError& error) {
        throw_npu_error(error, fmt::format("did not take {} for {}", installed->xclbin.string(), what));
    }
    program.installed = installed;
    program.planned = &planned;
    return program;
}

const NpuArray::Rows& NpuArray::rows_for(size_t k, const std::string& what) {
    const auto known = rows_.find(k);
    if (known != rows_.end()) return known->second;
    const array::Program& planned = plan_.program_for(array::Kernel::bfp16, k);
    NpuOpenProgram& program = open(planned, what);
    Rows rows{&program, row_counts(*program.installed, round_up(k, planned.tile.k))};
    if (rows.counts.empty()) no_xclbin(what);
    return rows_.emplace(k, std::move(rows)).first->second;
}

array::Gemm NpuArray::padded(size_t padded_rows, size_t k, size_t n, array::Result result) const {
    const array::Program& program = plan_.program_for(array::Kernel::bfp16, k);
    return {&program,
            padded_rows,
            round_up(k, program.tile.k),
            round_up(n, program.tile.n * plan_.columns),
            plan_.rows,
            plan_.columns,
            result};
}

std::optional<array::Gemm> NpuArray::find(size_t padded_rows, size_t k, size_t n,
                                          array::Result result) const {
    const array::Gemm shape = padded(padded_rows, k, n, result);
    const NpuProgram* installed = programs_.find(shape.program->name);
    if (installed == nullptr || installed->find(shape.m, shape.k, shape.n, result) == nullptr) return {};
    return shape;
}

array::Gemm NpuArray::gemm(size_t padded_rows, size_t k, size_t n, array::Result result,
                           const std::string& what) const {
    const auto found = find(padded_rows, k, n, result);
    if (!found) no_xclbin(fmt::format("{}, to {}", what, name(result)));
    return *found;
}

array::Gemm NpuArray::any_gemm(size_t k, size_t n, const std::string& what) {
    const Rows& rows = rows_for(k, what);
    const array::Gemm shape = padded(rows.longest(), k, n, array::Result::sums);
    if (rows.program->installed->any(shape.k, shape.n) == nullptr) no_xclbin(what);
    return shape;
}

xrt_backend::Program& NpuArray::instructions(NpuOpenProgram& program, const array::Gemm& gemm) {
    auto& loaded = program.instructions[{gemm.m, gemm.k, gemm.n, gemm.result}];
    if (loaded) return *loaded;
    const NpuShape* shape = program.installed->find(gemm.m, gemm.k, gemm.n, gemm.result);
    if (shape == nullptr) no_xclbin(gemm.describe());
    const auto bytes = read_verified(shape->instructions, shape->sha256);
    if (bytes.empty() || bytes.size() % sizeof(uint32_t) != 0) {
        throw DeviceError(fmt::format(
            "{} holds {} bytes, which is not a whole number of 32-bit words: build the array programs again",
            shape->instructions.string(), bytes.size()));
    }
    std::vector<uint32_t> words(bytes.size() / sizeof(uint32_t));
    std::memcpy(words.data(), bytes.data(), bytes.size());
    try {
        loaded = program.context->load(words);
    } catch (const XrtError& error) {
        throw_npu_error(error, "did not take the instructions of " + gemm.describe());
    }
    return *loaded;
}

NpuBuffer NpuArray::allocate(NpuOpenProgram& program, xrt_backend::Argument argument, size_t bytes,
                             const std::string& what) {
    queue_.check();
    try {
        NpuBuffer buffer(program.context->allocate(argument, bytes).release(), {&queue_});
        std::memset(buffer->bytes().data(), 0, bytes);
        return buffer;
    } catch (const XrtError& error) {
        throw_npu_error(error, fmt::format("did not allocate {} bytes for {}", bytes, what));
    }
}

}  // namespace npuscribe
