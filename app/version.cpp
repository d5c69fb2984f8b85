#include "version.h"

#include <fmt/format.h>

#include "audio/stream.h"
#include "device/choose.h"
#include "device/cpu/cpu_info.h"
#include "simd/isa.h"

namespace npuscribe::app {

std::string version() {
    return NPUSCRIBE_VERSION;
}

std::string version_text() {
    std::string out =
        fmt::format("npuscribe {}\nbuilt with {}, {}\n", version(), NPUSCRIBE_COMPILER, NPUSCRIBE_BUILD_TYPE);
    out += fmt::format("oneDNN {}, {}\n", onednn_version(), audio::library_versions());
    out += fmt::format("vector instructions: {}\n", simd::name(simd::isa()));
    out += fmt::format("devices: {} (npuscribe device list shows which of them can be used)\n",
                       fmt::join(device_names(), ", "));
    return out;
}

}  // namespace npuscribe::app
