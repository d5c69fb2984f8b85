// Buffers: sizes, banks, flags, and which way they are synchronised.

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "state.h"

using namespace npuscribe::xrt_double;

namespace xrt {
namespace {

constexpr size_t kPage = 4096;
constexpr uint8_t kNeverSynchronised = 0xA5;  // the array reads this from memory that was never synchronised

uint8_t* pages(size_t bytes) {
    void* memory = std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
    if (memory == nullptr) throw std::bad_alloc();
    std::memset(memory, 0x5A, bytes);  // an NPU's buffers are not zeroed either
    return static_cast<uint8_t*>(memory);
}

void check_flags(bo::flags flags, memory_group group) {
    const int argument = argument_of(group);
    if (argument == 1 && flags != bo::flags::cacheable)
        violation("the instructions' buffer must be cacheable");
    if (argument >= 3 && argument <= 5 && flags != bo::flags::host_only)
        violation("a data buffer must be host-only");
    if (argument != 1 && (argument < 3 || argument > 5))
        violation("a buffer in a group that no argument has");
}

}  // namespace

bo_memory::bo_memory(size_t bytes, bo::flags given_flags, memory_group in_group)
    : size(bytes),
      flags(given_flags),
      group(in_group),
      host(pages(bytes), &std::free),
      array(bytes, kNeverSynchronised) {}

void bo_memory::to_device(size_t bytes, size_t offset) {
    if (argument_of(group) == 5)
        violation("a result is synchronised to the device, where the array writes it");
    if (in_flight != 0) violation("a buffer is synchronised to the device while a run is using it");
    std::memcpy(array.data() + offset, host.get() + offset, bytes);
    counters().bytes_to_device += bytes;
    size_t start = offset, end = offset + bytes;
    for (auto range = given_.begin(); range != given_.end();) {
        if (range->second < start || range->first > end) {
            ++range;
            continue;
        }
        start = std::min(start, range->first);
        end = std::max(end, range->second);
        range = given_.erase(range);
    }
    given_[start] = end;
}

void bo_memory::from_device(size_t bytes, size_t offset) {
    if (argument_of(group) != 5)
        violation("memory that the array only reads is synchronised from the device");
    if (in_flight != 0) violation("a result is fetched before its run has been waited for");
    if (offset + bytes > written) violation("a result is fetched that no run has written");
    std::memcpy(host.get() + offset, array.data() + offset, bytes);
    counters().bytes_from_device += bytes;
}

bool bo_memory::given(size_t bytes) const {
    return !given_.empty() && given_.begin()->first == 0 && given_.begin()->second >= bytes;
}

bo_impl::bo_impl(std::shared_ptr<xrt_core::device> on, std::shared_ptr<bo_memory> of)
    : device(std::move(on)), memory(std::move(of)) {
    ++counters().buffers_open;
}

bo_impl::~bo_impl() {
    if (memory->in_flight != 0) violation_in_destructor("a buffer is destroyed while a run is using it");
    --counters().buffers_open;
}

bo::bo(const xrt::device& device, size_t bytes, bo::flags given, memory_group group) {
    std::lock_guard held(lock());
    const auto on = device.get_handle();
    on->check();
    if (bytes == 0) violation("a buffer of no bytes");
    check_flags(given, group);
    if (++counters().buffers >= fault().at && fault_is("no-memory")) {
        throw std::system_error(EAGAIN, std::system_category(), "mmap failed");
    }
    handle = std::make_shared<bo_impl>(on, std::make_shared<bo_memory>(bytes, given, group));
}

bo::~bo() = default;

size_t bo::size() const {
    return handle ? handle->memory->size : 0;
}

void* bo::map() {
    return handle->memory->host.get();
}

void bo::sync(xclBOSyncDirection direction, size_t bytes, size_t offset) {
    std::lock_guard held(lock());
    handle->device->check();
    if (bytes == 0 || offset + bytes > handle->memory->size)
        violation("a synchronisation beyond the end of a buffer");
    if (direction == XCL_BO_SYNC_BO_TO_DEVICE) {
        handle->memory->to_device(bytes, offset);
    } else if (direction == XCL_BO_SYNC_BO_FROM_DEVICE) {
        handle->memory->from_device(bytes, offset);
    } else {
        violation("a synchronisation in a direction that the NPU does not have");
    }
}

}  // namespace xrt
