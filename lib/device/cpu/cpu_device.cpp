#include "device/cpu/cpu_device.h"

#include "device/cpu/block_device.h"
#include "device/cpu/cpu_int8.h"
#include "device/cpu/onednn_device.h"
#include "device/cpu/tile_device.h"
#include "simd/isa.h"

namespace npuscribe {

std::unique_ptr<Device> make_cpu_device(const DeviceOptions& options, ThreadPool& pool) {
    switch (options.precision) {
        case Precision::int8:
        case Precision::int8_tensor:
            return make_cpu_int8_device(options, pool);
        case Precision::bfp16:
            if (simd::isa() == simd::Isa::amx) return make_cpu_tile_device(options, pool);
            if (simd::has_vnni()) return make_cpu_block_device(options, pool);
            break;
        case Precision::bf16:
        case Precision::fp32:
            break;
    }
    return make_cpu_onednn_device(options, pool);
}

}  // namespace npuscribe
