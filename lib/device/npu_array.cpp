#include "device/npu_array.h"

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

/// Counts of rows for which `program` has instructions with this padded k, whatever the n.
std::vector<size_t> row_counts(const NpuProgram& program, size_t padded_k) {
    std::map<size_t, std::vector<size_t>> by_n;
    for (const NpuShape& shape : program.shapes) {
        if (shape.k == padded_k) by_n[shape.n].push_back(shape.m);
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

/// The program of the plan that `installed` was built from; null where the plan has another, or none of that
/// name.
const array::Program* find_planned(const array::Plan& plan, const NpuProgram& installed) {
    const array::Tile tile{installed.tile_m, installed.tile_k, installed.tile_n};
    for (const array::Program& program : plan.programs) {
        if (program.name == installed.name && program.tile == tile) return &program;
    }
    return nullptr;
}

/// Whether `installed` has instructions for weights [n × k], or any of that k where n is 0.
bool can_run(const array::Plan& plan, const array::Program& planned, const NpuProgram& installed, size_t k,
             size_t n) {
    if (planned.kernel != array::Kernel::bfp16) return false;
    const size_t padded_k = round_up(k, planned.tile.k);
    const auto counts = row_counts(installed, padded_k);
    if (counts.empty()) return false;
    return n == 0 ||
           installed.find(counts.back(), padded_k, round_up(n, planned.tile.n * plan.columns)) != nullptr;
}

std::string shape_text(size_t k, size_t n) {
    return std::to_string(n) + " x " + std::to_string(k);
}

}  // namespace

bool has_program(const NpuPrograms& programs, const array::Plan& plan, size_t k, size_t n) {
    return std::any_of(programs.all().begin(), programs.all().end(), [&](const NpuProgram& installed) {
        const array::Program* planned = find_planned(plan, installed);
        return planned != nullptr && can_run(plan, *planned, installed, k, n);
    });
}

size_t NpuArray::Rows::padded(size_t rows) const {
    return *std::lower_bound(counts.begin(), counts.end(), rows);
}

NpuArray::NpuArray(xrt_backend::Backend& backend, unsigned index, NpuPrograms programs,
                   std::chrono::milliseconds limit)
    : plan_(array::Plan::built_in()), programs_(std::move(programs)), queue_(limit) {
    if (programs_.shapes() == 0) throw DeviceError(programs_.why_empty());
    for (const NpuProgram& program : programs_.all()) planned(program);
    try {
        device_ = backend.open_device(index);
    } catch (const XrtError& error) {
        throw_npu_error(error, "cannot be opened");
    }
}

NpuArray::~NpuArray() {
    if (!queue_.lost()) return;
    // The array may still be at work with all of this.
    for (auto& [name, program] : open_) {
        for (auto& [shape, instructions] : program.instructions) (void)instructions.release();
        (void)program.context.release();
    }
    (void)device_.release();
}

const array::Program& NpuArray::planned(const NpuProgram& installed) const {
    if (const array::Program* program = find_planned(plan_, installed)) return *program;
    throw DeviceError("the array program " + installed.name + " in " + programs_.directory().string() +
                      " was built from another kernels/plan.json than this npuscribe: build it again");
}

const NpuProgram* NpuArray::choose(size_t k, size_t n) const {
    const NpuProgram* best = nullptr;
    std::tuple<size_t, bool, size_t> best_cost;
    for (const NpuProgram& program : programs_.all()) {
        const array::Program& plan = planned(program);
        if (plan.kernel != array::Kernel::bfp16) continue;
        const size_t padded_k = round_up(k, plan.tile.k);
        const size_t padded_n = n == 0 ? 0 : round_up(n, plan.tile.n * plan_.columns);
        const auto counts = row_counts(program, padded_k);
        if (counts.empty() || (n != 0 && program.find(counts.back(), padded_k, padded_n) == nullptr))
            continue;
        if (const auto rows = rows_.find(k); rows != rows_.end()) {
            if (plan.tile.m != rows->second.tile_m || plan.tile.k != rows->second.tile_k) continue;
            if (counts != rows->second.counts) continue;
        }
        const std::tuple cost(n == 0 ? padded_k : padded_k * padded_n, open_.count(program.name) == 0,
                              SIZE_MAX - plan.tile.m * plan.tile.k * plan.tile.n);
        if (best == nullptr || cost < best_cost) {
            best = &program;
            best_cost = cost;
        }
    }
    return best;
}

NpuOpenProgram& NpuArray::open(const NpuProgram& installed, const std::string& what) {
    NpuOpenProgram& program = open_[installed.name];
    if (program.context) return program;
    (void)read_verified(installed.xclbin, installed.sha256);
    program.installed = &installed;
    program.planned = &planned(installed);
    try {
        program.context = device_->open(installed.xclbin.string(), kKernelPrefix);
    } catch (const XrtError& error) {
        throw_npu_error(error, "did not take " + installed.xclbin.string() + " for " + what);
    }
    return program;
}

NpuOpenProgram& NpuArray::program_for(size_t k, size_t n, const std::string& what) {
    const NpuProgram* installed = choose(k, n);
    if (installed == nullptr) {
        throw DeviceError("there is no xclbin for " + what + ", whose weights are " + shape_text(k, n) +
                          ": " + programs_.directory().string() + " has " + programs_.describe() +
                          "; build the array programs for this model's size (kernels/README.md)");
    }
    NpuOpenProgram& program = open(*installed, what);
    cut_rows(k, program);
    return program;
}

const NpuArray::Rows& NpuArray::cut_rows(size_t k, NpuOpenProgram& program) {
    const array::Tile& tile = program.planned->tile;
    return rows_
        .try_emplace(k, Rows{tile.m, tile.k, row_counts(*program.installed, round_up(k, tile.k)), &program})
        .first->second;
}

const NpuArray::Rows& NpuArray::rows_for(size_t k, const std::string& what) {
    const auto known = rows_.find(k);
    if (known != rows_.end()) return known->second;
    const NpuProgram* installed = choose(k, 0);
    if (installed == nullptr) {
        throw DeviceError("there is no xclbin for " + what + " of " + std::to_string(k) +
                          " columns: " + programs_.directory().string() + " has " + programs_.describe());
    }
    return cut_rows(k, open(*installed, what));
}

xrt_backend::Program& NpuArray::instructions(NpuOpenProgram& program, const array::Gemm& gemm) {
    auto& loaded = program.instructions[{gemm.m, gemm.k, gemm.n}];
    if (loaded) return *loaded;
    const NpuShape* shape = program.installed->find(gemm.m, gemm.k, gemm.n);
    if (shape == nullptr) throw DeviceError("there are no instructions for " + gemm.describe());
    const auto bytes = read_verified(shape->instructions, shape->sha256);
    if (bytes.empty() || bytes.size() % sizeof(uint32_t) != 0) {
        throw DeviceError(shape->instructions.string() + " holds " + std::to_string(bytes.size()) +
                          " bytes, which are no whole 32-bit words: build the array programs again");
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
        throw_npu_error(error, "gave no " + std::to_string(bytes) + " bytes for " + what);
    }
}

}  // namespace npuscribe
