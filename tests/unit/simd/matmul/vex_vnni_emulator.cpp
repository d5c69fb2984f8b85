#include "unit/simd/matmul/vex_vnni_emulator.h"

#include <ucontext.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace npuscribe::test {
namespace {

std::atomic<size_t> emulated{0};

#if defined(__x86_64__)

// The XSAVE area in a signal frame, in the standard format: Intel 64 and IA-32 Architectures Software
// Developer's Manual, volume 1, 13.4.
constexpr size_t kXmm = 160;     // 16 bytes a register
constexpr size_t kHeader = 512;  // bit 2: the upper halves are not all zero
constexpr size_t kYmmHigh = 576;
constexpr size_t kVexBytes = 6;  // of the instruction between registers

using Ymm = std::array<uint8_t, 32>;

Ymm read(const uint8_t* area, unsigned number) {
    Ymm value{};
    std::memcpy(value.data(), area + kXmm + 16 * number, 16);
    if ((area[kHeader] & 4) != 0) std::memcpy(value.data() + 16, area + kYmmHigh + 16 * number, 16);
    return value;
}

void write(uint8_t* area, unsigned number, const Ymm& value) {
    if ((area[kHeader] & 4) == 0) std::memset(area + kYmmHigh, 0, 256);
    area[kHeader] |= 4;
    std::memcpy(area + kXmm + 16 * number, value.data(), 16);
    std::memcpy(area + kYmmHigh + 16 * number, value.data() + 16, 16);
}

/// VEX.256.66.0F38.W0 50 /r between registers (volume 2, VPDPBUSD). False if `at` is anything else.
bool emulate(const uint8_t* at, uint8_t* area) {
    if (at[0] != 0xC4 || (at[1] & 0x1F) != 2 || (at[2] & 0x87) != 5 || at[3] != 0x50 || at[4] < 0xC0)
        return false;
    const unsigned destination = (at[4] >> 3 & 7U) | ((at[1] & 0x80) == 0 ? 8U : 0U);
    const unsigned from = (at[4] & 7U) | ((at[1] & 0x20) == 0 ? 8U : 0U);
    const unsigned first = ~(at[2] >> 3) & 15U;
    Ymm sums = read(area, destination);
    const Ymm unsigned_bytes = read(area, first), signed_bytes = read(area, from);
    for (size_t lane = 0; lane < sums.size(); lane += 4) {
        int32_t sum;
        std::memcpy(&sum, sums.data() + lane, sizeof sum);
        for (size_t i = lane; i < lane + 4; ++i)
            sum += int32_t{unsigned_bytes[i]} * int32_t{static_cast<int8_t>(signed_bytes[i])};
        std::memcpy(sums.data() + lane, &sum, sizeof sum);
    }
    write(area, destination, sums);
    return true;
}

void handle(int signal, siginfo_t*, void* context) {
    auto& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
    const auto* at = reinterpret_cast<const uint8_t*>(machine.gregs[REG_RIP]);
    if (emulate(at, reinterpret_cast<uint8_t*>(machine.fpregs))) {
        machine.gregs[REG_RIP] += static_cast<greg_t>(kVexBytes) - 1;
        ++emulated;
        return;
    }
    std::signal(signal, SIG_DFL);  // it is raised again
}

#endif

}  // namespace

VexVnniEmulator::VexVnniEmulator() {
    emulated = 0;
#if defined(__x86_64__)
    struct sigaction action {};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGILL, &action, &before_);
#endif
}

VexVnniEmulator::~VexVnniEmulator() {
#if defined(__x86_64__)
    sigaction(SIGILL, &before_, nullptr);
#endif
}

size_t VexVnniEmulator::count() {
    return emulated;
}

}  // namespace npuscribe::test
