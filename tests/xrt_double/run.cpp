// Kernels, runs and runlists: their arguments, their order, and what may not be touched while they run.

#include <algorithm>
#include <cstring>
#include <system_error>

#include "state.h"

using namespace npuscribe::xrt_double;

namespace xrt {
namespace {

constexpr uint64_t kRunInstructions = 3;
constexpr int kOpcode = 0, kInstructions = 1, kCount = 2, kA = 3, kB = 4, kC = 5;

npuscribe::array::Gemm gemm_of(const npuscribe::xrt_double::Instructions& given, const std::string& loaded) {
    if (given.program != loaded)
        violation("instructions of " + given.program + " on an array programmed as " + loaded);
    const auto& plan = npuscribe::array::Plan::built_in();
    for (const auto& program : plan.programs) {
        if (program.name == given.program)
            return {&program,
                    given.m,
                    given.k,
                    given.n,
                    plan.rows,
                    plan.columns,
                    static_cast<npuscribe::array::Result>(given.result)};
    }
    violation("an xclbin of a program that is not in kernels/plan.json");
}

void check_size(const char* name, const bo_memory& buffer, size_t least) {
    if (buffer.size >= least) return;
    violation(std::string("buffer ") + name + " has " + std::to_string(buffer.size) +
              " bytes, and the array uses " + std::to_string(least));
}

}  // namespace

// ---- kernel

kernel::kernel(const hw_context& context, const std::string& name) {
    std::lock_guard held(lock());
    if (name != "MLIR_AIE_0")
        violation("there is no kernel " + name + " in the xclbin that runs instructions");
    handle = std::make_shared<kernel_impl>();
    handle->context = context.get_handle();
    handle->name = name;
}

kernel::~kernel() = default;

int kernel::group_id(int argument) const {
    if (argument != kInstructions && (argument < kA || argument > kC))
        violation("the group of an argument that is not a buffer");
    return bank_of(argument) | static_cast<int>(handle->context->slot << 16);
}

// ---- run

void run_impl::set(int index, const void* value, size_t bytes) {
    if (running) violation("an argument is set while its run is in flight");
    uint64_t number = 0;
    if (bytes > sizeof number) violation("a scalar argument of " + std::to_string(bytes) + " bytes");
    std::memcpy(&number, value, bytes);
    if (index == kOpcode) {
        opcode_ = number;
    } else if (index == kCount && bytes == sizeof(uint32_t)) {
        count_ = number;
    } else {
        violation("argument " + std::to_string(index) + " is not a scalar of " + std::to_string(bytes) +
                  " bytes");
    }
}

void run_impl::set(int index, const std::shared_ptr<bo_impl>& buffer) {
    if (running) violation("an argument is set while its run is in flight");
    if (index != kInstructions && (index < kA || index > kC))
        violation("argument " + std::to_string(index) + " is not a buffer");
    // On an NPU all data buffers share a bank: a run may read the result of an earlier one in place.
    const int argument = argument_of(buffer->memory->group);
    if (argument != index && !(index == kA && argument == kC))
        violation("a buffer is not in the group of its argument");
    buffers_[static_cast<size_t>(index)] = buffer;
}

run_impl::Job run_impl::job() const {
    Job job;
    if (opcode_ != kRunInstructions) violation("the opcode must be 3, run instructions");
    std::shared_ptr<bo_memory>* const places[] = {nullptr, &job.instructions, nullptr, &job.a, &job.b,
                                                  &job.c};
    for (const int index : {kInstructions, kA, kB, kC}) {
        const auto buffer = buffers_[static_cast<size_t>(index)].lock();
        if (!buffer) violation("buffer argument " + std::to_string(index) + " is not set, or gone");
        *places[index] = buffer->memory;
    }
    if (!count_ || *count_ * sizeof(uint32_t) != job.instructions->size) {
        violation("the count of instructions is not that of their buffer");
    }
    if (!job.instructions->given(job.instructions->size))
        violation("the instructions were never synchronised");
    const auto* words = reinterpret_cast<const uint32_t*>(job.instructions->array.data());
    const auto instructions = npuscribe::xrt_double::read_instructions({words, *count_});
    if (!instructions) violation("instructions that the double did not make");
    job.gemm = gemm_of(*instructions, kernel->context->xclbin->program);
    check_size("a", *job.a, job.gemm.a_bytes());
    check_size("b", *job.b, job.gemm.b_bytes());
    check_size("c", *job.c, job.gemm.c_bytes());
    const bool is_result = argument_of(job.a->group) == kC;
    if (is_result && job.a->to_be_written < job.gemm.a_bytes())
        violation("the array would read a result that no run has written");
    if (!is_result && !job.a->given(job.gemm.a_bytes()))
        violation("the array would read memory of a that was never synchronised");
    if (!job.b->given(job.gemm.b_bytes()))
        violation("the array would read memory of b that was never synchronised");
    return job;
}

void run_impl::begin() {
    if (running) violation("a run is started while it is in flight");
    Job next = job();
    if (next.c->in_flight != 0) violation("two runs in flight write the same result");
    next.c->to_be_written = std::max(next.c->to_be_written, next.gemm.c_bytes());
    current = std::move(next);
    running = true;
    for (const auto& buffer : {current.instructions, current.a, current.b, current.c}) ++buffer->in_flight;
    ++kernel->context->in_flight;
}

void run_impl::end() {
    for (const auto& buffer : {current.instructions, current.a, current.b, current.c}) --buffer->in_flight;
    --kernel->context->in_flight;
    running = false;
    current = {};
}

run::run(const kernel& kernel) : handle(std::make_shared<run_impl>(kernel.get_handle())) {}

run::~run() = default;

void run::set_arg_at_index(int index, const void* value, size_t bytes) {
    std::lock_guard held(lock());
    handle->set(index, value, bytes);
}

void run::set_arg_at_index(int index, const bo& buffer) {
    std::lock_guard held(lock());
    handle->set(index, buffer.get_handle());
}

void run::start() {
    std::lock_guard held(lock());
    if (handle->list != nullptr) violation("a run of a runlist is started by itself");
    handle->begin();
    handle->command = std::make_shared<Command>();
    count_submission();
    handle->command->runs.push_back(handle);
    handle->kernel->context->device->submit(handle->command);
}

ert_cmd_state run::wait(const std::chrono::milliseconds& limit) const {
    std::unique_lock held(lock());
    if (!handle->command) violation("a run is waited for that was never started");
    ++counters().waits;
    auto& device = *handle->kernel->context->device;
    if (!device.wait(*handle->command, limit, held)) return ERT_CMD_STATE_TIMEOUT;
    device.check();
    return handle->command->state;
}

ert_cmd_state run::state() const {
    std::lock_guard held(lock());
    return handle->command ? handle->command->state : ERT_CMD_STATE_NEW;
}

// ---- runlist

runlist_impl::~runlist_impl() {
    if (command) violation_in_destructor("a runlist is destroyed before it has been waited for");
    for (const auto& run : runs) run->list = nullptr;
}

runlist::runlist(const hw_context& context)
    : detail::pimpl<runlist_impl>(std::make_shared<runlist_impl>(context.get_handle())) {}

runlist::~runlist() = default;

void runlist::add(const run& run) {
    std::lock_guard held(lock());
    const auto& impl = run.get_handle();
    if (handle->command) violation("a run is added to a runlist that executes");
    if (impl->list != nullptr) violation("a run is in two runlists, or twice in one");
    if (impl->kernel->context != handle->context)
        violation("a run is added to a runlist of another hardware context");
    impl->list = handle.get();
    handle->runs.push_back(impl);
}

void runlist::execute() {
    std::lock_guard held(lock());
    if (handle->command) violation("a runlist is executed that executes already");
    auto command = std::make_shared<Command>();
    for (const auto& run : handle->runs) run->begin();
    command->runs = handle->runs;
    handle->context->device->submit(command);
    handle->command = std::move(command);
    ++counters().runlists;
    count_submission();
    counters().longest_runlist = std::max<uint64_t>(counters().longest_runlist.load(), handle->runs.size());
}

std::cv_status runlist::wait(const std::chrono::milliseconds& limit) const {
    std::unique_lock held(lock());
    if (!handle->command) return std::cv_status::no_timeout;
    ++counters().waits;
    auto& device = *handle->context->device;
    if (!device.wait(*handle->command, limit, held)) return std::cv_status::timeout;
    const auto command = std::move(handle->command);
    handle->command = nullptr;
    device.check();
    if (command->state == ERT_CMD_STATE_COMPLETED) return std::cv_status::no_timeout;
    throw command_error(xrt::run(command->runs[command->failed]), command->state, "runlist failed execution");
}

void runlist::reset() {
    std::lock_guard held(lock());
    if (handle->command) violation("a runlist is reset before it has been waited for");
    for (const auto& run : handle->runs) run->list = nullptr;
    handle->runs.clear();
}

class runlist::command_error_impl {
  public:
    run failed;
    ert_cmd_state state;
    std::string what;
};

runlist::command_error::command_error(const run& failed, ert_cmd_state state, const std::string& what)
    : detail::pimpl<command_error_impl>(
          std::make_shared<command_error_impl>(command_error_impl{failed, state, what})) {}

ert_cmd_state runlist::command_error::get_command_state() const {
    return handle->state;
}

const char* runlist::command_error::what() const noexcept {
    return handle->what.c_str();
}

}  // namespace xrt
