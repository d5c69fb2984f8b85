#include "version.h"

#include <spdlog/fmt/fmt.h>

#include "devices.h"

namespace npuscribe::app {

std::string version() {
    return NPUSCRIBE_VERSION;
}

std::string version_text() {
    std::string devices;
    for (const DeviceKind& kind : device_kinds()) {
        if (kind.missing.empty()) devices += fmt::format(" {}", kind.name);
    }
    return fmt::format("npuscribe {}\nbuilt with {}, {}\ndevices:{}\n", version(), NPUSCRIBE_COMPILER,
                       NPUSCRIBE_BUILD_TYPE, devices);
}

}  // namespace npuscribe::app
