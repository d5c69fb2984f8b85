#include "device/cpu/cpu_device.h"

#include "device/cpu/block_device.h"
#include "device/cpu/cpu_int8.h"
#include "device/cpu/float_device.h"
#include "device/cpu/onednn_device.h"
#include "device/cpu/tile_device.h"
#include "simd/kernels.h"

namespace npuscribe {

std::unique_ptr<Device> make_cpu_device(const DeviceOptions& options, ThreadPool& pool) {
    switch (options.precision) {
        case Precision::int8:
        case Precision::int8_tensor:
            return make_cpu_int8_device(options, pool);
        case Precision::bfp16:
            switch (simd::kernels().bfp16_matmul) {
                case simd::BlockMatmul::amx_tiles:
                    return make_cpu_tile_device(options, pool);
                case simd::BlockMatmul::int16:
                case simd::BlockMatmul::vnni_256:
                case simd::BlockMatmul::vnni:
                    return make_cpu_block_device(options, pool);
                case simd::BlockMatmul::floats:
                    return make_cpu_float_device(options, pool);
                case simd::BlockMatmul::onednn:
                    break;
            }
            break;
        case Precision::bf16:
        case Precision::fp32:
            break;
    }
    return make_cpu_onednn_device(options, pool);
}

}  // namespace npuscribe
