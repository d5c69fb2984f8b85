#include "version.h"

#include <spdlog/fmt/fmt.h>

namespace npuscribe::app {

std::string version() {
    return NPUSCRIBE_VERSION;
}

std::string version_text() {
    return fmt::format("npuscribe {}\nbuilt with {}, {}\n", version(), NPUSCRIBE_COMPILER,
                       NPUSCRIBE_BUILD_TYPE);
}

}  // namespace npuscribe::app
