#include "device/array/array_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "device/array/array_plan_json.h"

namespace npuscribe::array {
namespace {

using Json = nlohmann::json;

constexpr size_t kBlocking = 16;       // the kernels take 2 × 2 subtiles of C together
constexpr size_t kProgressBytes = 64;  // behind a core's sums (kernels/aie2p/results.h)
constexpr size_t kVectorBytes = 64;
constexpr size_t kLongestRow = 1023 * 4;  // bytes that a shim's descriptor takes as one row

size_t round_up(size_t value, size_t step) {
    return (value + step - 1) / step * step;
}

[[noreturn]] void refuse(const Program& program, const std::string& what) {
    throw DeviceError(
        fmt::format("the array cannot run {}: {}; change its tile or its buffers in kernels/plan.json",
                    program.name, what));
}

// A plan has whole numbers from 0 up. JSON's conversions would take any number, in or out of range.
bool refuse_odd_number(int, Json::parse_event_t event, const Json& value) {
    if (event == Json::parse_event_t::value && value.is_number() && !value.is_number_unsigned())
        throw DeviceError(
            fmt::format("the array's plan has {}; give a whole number from 0 up", value.dump()));
    return true;
}

TileLimits parse_limits(const Json& json) {
    TileLimits limits;
    limits.memory = json.value("memory", size_t{0});
    limits.reserved = json.value("stack", size_t{0}) + json.value("static", size_t{0});
    limits.dma_in = json.at("dma_in").get<size_t>();
    limits.dma_out = json.at("dma_out").get<size_t>();
    limits.buffer_descriptors = json.at("buffer_descriptors").get<size_t>();
    limits.alignment = json.value("alignment", size_t{1});
    limits.locks = json.value("locks", size_t{0});
    limits.task_queue = json.value("task_queue", size_t{0});
    return limits;
}

Depths parse_depths(const Json& json) {
    return {json.at("a").get<size_t>(), json.at("b").get<size_t>(), json.at("c").get<size_t>()};
}

Program parse_program(const Json& json) {
    Program program;
    program.name = json.at("name").get<std::string>();
    const auto kernel = json.at("kernel").get<std::string>();
    if (kernel != "bfp16" && kernel != "int8")
        refuse(program, fmt::format("there is no kernel '{}'", kernel));
    program.kernel = kernel == "bfp16" ? Kernel::bfp16 : Kernel::int8;
    const Json& tile = json.at("tile");
    program.tile = {tile.at("m").get<size_t>(), tile.at("k").get<size_t>(), tile.at("n").get<size_t>()};
    program.states = json.at("states").get<std::vector<size_t>>();
    return program;
}

struct Buffer {
    const char* name;
    size_t tile_bytes;
    size_t count;
    size_t bytes() const { return tile_bytes * count; }
};

std::string list(const std::vector<Buffer>& buffers, size_t reserved) {
    std::string text;
    for (const auto& buffer : buffers) {
        text += fmt::format("{}{} x {} of {}", text.empty() ? "" : " + ", buffer.count, buffer.name,
                            buffer.tile_bytes);
    }
    if (reserved != 0) text += fmt::format(" + stack and static data of {}", reserved);
    return text;
}

void check_memory(const Program& program, const char* place, const TileLimits& limits,
                  const std::vector<Buffer>& buffers) {
    size_t total = limits.reserved;
    for (const auto& buffer : buffers) total += buffer.bytes();
    if (total <= limits.memory) return;
    const auto largest = std::max_element(buffers.begin(), buffers.end(),
                                          [](const auto& x, const auto& y) { return x.bytes() < y.bytes(); });
    refuse(program, fmt::format("{} would hold {} = {} bytes and has {}, most of it taken by {}", place,
                                list(buffers, limits.reserved), total, limits.memory, largest->name));
}

void check_count(const Program& program, const char* place, const char* what, size_t wanted, size_t limit) {
    if (wanted <= limit) return;
    refuse(program, fmt::format("{} needs {} {} and has {}", place, wanted, what, limit));
}

std::vector<Buffer> core_buffers(const Plan& plan, const Program& program) {
    return {{"A", program.a_tile_bytes(), plan.core_buffers.a},
            {"B", program.b_tile_bytes(), plan.core_buffers.b},
            {"a piece of C", program.piece_bytes(), plan.core_buffers.c},
            {"C's sums", program.sum_bytes(), 1}};
}

// The buffers of a memory tile that carries A, B and C. Columns beyond the fourth carry no A.
std::vector<Buffer> memory_buffers(const Plan& plan, const Program& program) {
    return {{"A", program.a_tile_bytes(), plan.memory_buffers.a},
            {"B", program.b_tile_bytes(), plan.memory_buffers.b},
            {"a piece of C", program.piece_bytes() * plan.rows, plan.memory_buffers.c}};
}

// Channels with an even number use one half of a memory tile's descriptors, the others the other half.
size_t fullest_half(std::vector<size_t> channels) {
    std::sort(channels.begin(), channels.end(), std::greater<>());
    channels.resize((channels.size() + 1) / 2);
    return std::accumulate(channels.begin(), channels.end(), size_t{0});
}

void check_program(const Plan& plan, const Program& program) {
    const Tile& tile = program.tile;
    if (tile.m == 0 || tile.k == 0 || tile.n == 0 || tile.m % kBlocking != 0 || tile.n % kBlocking != 0 ||
        tile.k % kBlocking != 0) {
        refuse(program, "a tile's m, k and n must be multiples of 16");
    }
    for (const auto& buffer : core_buffers(plan, program)) {
        if (buffer.count == 0) refuse(program, fmt::format("it has no buffer for {}", buffer.name));
        if (buffer.tile_bytes % plan.dma_granularity != 0) {
            refuse(program, fmt::format("a tile of {} is {} bytes, and DMA moves multiples of {}",
                                        buffer.name, buffer.tile_bytes, plan.dma_granularity));
        }
        if (plan.core.alignment == 0 || buffer.tile_bytes % plan.core.alignment != 0) {
            refuse(program, fmt::format("a tile of {} is {} bytes, and cores need multiples of {}",
                                        buffer.name, buffer.tile_bytes, plan.core.alignment));
        }
    }
    if (program.kernel == Kernel::bfp16 && tile.n * sizeof(float) > program.b_tile_bytes()) {
        refuse(program, "the bias of a tile does not fit a tile of B");
    }
    check_memory(program, "a core", plan.core, core_buffers(plan, program));
    check_memory(program, "a memory tile", plan.memory_tile, memory_buffers(plan, program));

    // A and B come in, C goes out; a memory tile gathers C from its column's cores.
    check_count(program, "a core", "DMA channels in", 2, plan.core.dma_in);
    check_count(program, "a core", "DMA channels out", 1, plan.core.dma_out);
    check_count(program, "a memory tile", "DMA channels in", 2 + plan.rows, plan.memory_tile.dma_in);
    check_count(program, "a memory tile", "DMA channels out", 3, plan.memory_tile.dma_out);
    check_count(program, "a shim tile", "DMA channels in", 2, plan.shim.dma_in);
    check_count(program, "a shim tile", "DMA channels out", 1, plan.shim.dma_out);

    const auto& core = plan.core_buffers;
    const auto& memory = plan.memory_buffers;
    check_count(program, "a core", "buffer descriptors", core.a + core.b + core.c,
                plan.core.buffer_descriptors);
    const std::vector<size_t> out{memory.a, memory.b, memory.c * plan.rows};
    std::vector<size_t> in{memory.a, memory.b};
    in.insert(in.end(), plan.rows, memory.c);
    check_count(program, "a memory tile", "buffer descriptors",
                2 * (memory.a + memory.b + memory.c * plan.rows), plan.memory_tile.buffer_descriptors);
    check_count(program, "a memory tile", "buffer descriptors for every other channel",
                fullest_half(in) + fullest_half(out), plan.memory_tile.buffer_descriptors / 2);
    check_count(program, "a shim tile", "buffer descriptors", 3 * plan.groups_in_flight,
                plan.shim.buffer_descriptors);
    // A full queue drops the next transfer, and the design would wait for it forever.
    check_count(program, "a shim tile", "places in a task queue", plan.groups_in_flight,
                plan.shim.task_queue);

    // Two locks for the buffers of A and of B, and for each part of C. A core has its barrier besides.
    check_count(program, "a core", "locks", 2 * 3 + 1, plan.core.locks);
    check_count(program, "a memory tile", "locks", 2 * (2 + plan.rows), plan.memory_tile.locks);
}

}  // namespace

std::string_view name(Result result) {
    switch (result) {
        case Result::bf16:
            return "bf16";
        case Result::gelu_bfp16:
            return "gelu_bfp16";
        default:
            return "sums";
    }
}

Result parse_result(std::string_view text) {
    for (const Result result : {Result::sums, Result::bf16, Result::gelu_bfp16}) {
        if (name(result) == text) return result;
    }
    throw DeviceError(fmt::format("the array has no result '{}': expected sums, bf16 or gelu_bfp16", text));
}

std::string_view name(Kernel kernel) {
    return kernel == Kernel::bfp16 ? "bfp16" : "int8";
}

size_t Program::a_tile_bytes() const {
    return kernel == Kernel::bfp16 ? tile.m * bfp16::row_bytes(tile.k) : tile.m * tile.k;
}

size_t Program::b_tile_bytes() const {
    return kernel == Kernel::bfp16 ? tile.n * bfp16::row_bytes(tile.k) : tile.n * tile.k;
}

size_t Program::sum_bytes() const {
    return tile.m * tile.n * sizeof(float) + kProgressBytes;
}

size_t Program::piece_bytes() const {
    const size_t whole = tile.m * bfp16::row_bytes(tile.n);
    if (whole % kVectorBytes != 0) return whole;  // refused, because it is not aligned
    size_t parts = 1;
    while (whole % parts != 0 || whole / parts % kVectorBytes != 0 || whole / parts > kLongestRow) ++parts;
    return whole / parts;
}

size_t Program::pieces(Result result) const {
    size_t bytes = tile.m * tile.n * sizeof(float);
    if (result == Result::bf16) bytes /= 2;
    if (result == Result::gelu_bfp16) bytes = tile.m * bfp16::row_bytes(tile.n);
    return (bytes + piece_bytes() - 1) / piece_bytes();
}

bool Gemm::feeds(const Gemm& next) const {
    return result == Result::gelu_bfp16 && program == next.program && n == next.k && m == next.m;
}

bfp16::TileLayout Gemm::a_layout() const {
    return {m, k, program->tile.m, program->tile.k, 0};
}

bfp16::TileLayout Gemm::b_layout() const {
    return {n, k, program->tile.n, program->tile.k, program->b_tile_bytes()};
}

size_t Gemm::a_bytes() const {
    return m / program->tile.m * k_tiles() * program->a_tile_bytes();
}

size_t Gemm::b_bytes() const {
    const size_t headers = program->kernel == Kernel::bfp16 ? 1 : 0;
    return n / program->tile.n * (k_tiles() + headers) * program->b_tile_bytes();
}

std::string Gemm::describe() const {
    return fmt::format("{}, {} x {} x {} to {}", program->name, m, k, n, array::name(result));
}

const Plan& Plan::built_in() {
    static const Plan plan(kPlanJson);
    return plan;
}

Plan::Plan(std::string_view text) {
    try {
        const Json json = Json::parse(text, refuse_odd_number);
        const Json& array = json.at("array");
        layout_version = json.at("layout_version").get<int>();
        rows = array.at("rows").get<size_t>();
        columns = array.at("columns").get<size_t>();
        dma_granularity = array.at("dma_granularity").get<size_t>();
        core = parse_limits(array.at("core"));
        memory_tile = parse_limits(array.at("memory_tile"));
        shim = parse_limits(array.at("shim"));
        core_buffers = parse_depths(json.at("core_buffers"));
        memory_buffers = parse_depths(json.at("memory_buffers"));
        groups_in_flight = json.at("groups_in_flight").get<size_t>();
        for (const Json& program : json.at("programs")) programs.push_back(parse_program(program));
        row_counts = json.at("rows").get<std::vector<size_t>>();
    } catch (const Json::exception& error) {
        throw DeviceError(fmt::format("the array's plan cannot be read: {}", error.what()));
    }
    if (layout_version != bfp16::kLayoutVersion) {
        throw DeviceError(
            fmt::format("the array's plan is for tile layout {}, and this program writes layout {}",
                        layout_version, bfp16::kLayoutVersion));
    }
    if (rows == 0 || columns == 0 || dma_granularity == 0 || programs.empty() || row_counts.empty() ||
        !std::is_sorted(row_counts.begin(), row_counts.end())) {
        throw DeviceError("the array's plan has no rows, columns, programs or ascending row counts");
    }
    for (const auto& program : programs) {
        check_program(*this, program);
        for (const size_t count : row_counts) {
            if (count == 0 || count % (program.tile.m * rows) != 0) {
                refuse(program,
                       fmt::format("{} rows are not a multiple of {}", count, program.tile.m * rows));
            }
        }
    }
}

size_t Plan::core_bytes(const Program& program) const {
    size_t total = core.reserved;
    for (const auto& buffer : array::core_buffers(*this, program)) total += buffer.bytes();
    return total;
}

size_t Plan::memory_tile_bytes(const Program& program) const {
    size_t total = 0;
    for (const auto& buffer : array::memory_buffers(*this, program)) total += buffer.bytes();
    return total;
}

const Program& Plan::program_for(Kernel kernel, size_t k) const {
    constexpr size_t kMlpWidth = 4;  // Whisper's MLP is four times n_audio_state wide
    const Program* best = nullptr;
    std::tuple<bool, size_t, size_t> best_cost;
    for (const auto& program : programs) {
        if (program.kernel != kernel) continue;
        const Tile& tile = program.tile;
        const bool meant = std::any_of(program.states.begin(), program.states.end(),
                                       [&](size_t state) { return k == state || k == kMlpWidth * state; });
        const std::tuple cost(!meant, round_up(k, tile.k), SIZE_MAX - tile.m * tile.k * tile.n);
        if (best == nullptr || cost < best_cost) {
            best = &program;
            best_cost = cost;
        }
    }
    if (best == nullptr) {
        throw DeviceError(fmt::format("the array's plan has no program of kernel {}", array::name(kernel)));
    }
    return *best;
}

Gemm Plan::gemm(const Program& program, size_t m, size_t k, size_t n, Result result) const {
    const auto count = std::lower_bound(row_counts.begin(), row_counts.end(), m);
    if (m == 0 || k == 0 || n == 0 || count == row_counts.end()) {
        throw DeviceError(
            fmt::format("the array has no program for {} x {} x {}: it takes 1 to {} rows at a time", m, k, n,
                        max_rows()));
    }
    return {&program, *count, round_up(k, program.tile.k), round_up(n, program.tile.n * columns), rows,
            columns,  result};
}

}  // namespace npuscribe::array
