#include "device/npu/xrt_loader.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <cstdlib>
#include <system_error>
#include <vector>

#include "base/module_path.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;

// The name has been the same since XRT 2.0, so the version must be checked.
constexpr const char* kXrtLibrary = "libxrt_coreutil.so.2";
constexpr unsigned kOldestXrt = (2U << 16) + 17;
constexpr const char* kGetXrt =
    "XRT 2.17 or newer is needed (Debian 13: apt-get install -t trixie-backports libxrt-npu2)";

std::string last_error() {
    const char* error = dlerror();
    return error != nullptr ? error : "unknown error";
}

// Opens the first library found. `first_error` receives the loader's message for the plain name.
void* open_library(std::string& first_error) {
    std::vector<std::string> names{kXrtLibrary};
    if (const char* root = std::getenv("XILINX_XRT"))
        names.push_back(std::string(root) + "/lib/" + kXrtLibrary);
    names.push_back(std::string("/opt/xilinx/xrt/lib/") + kXrtLibrary);
    for (const std::string& name : names) {
        // Global, because a module that was built without the library refers to its symbols and not to the
        // library.
        if (void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL)) return handle;
        const std::string error = last_error();
        if (first_error.empty()) first_error = error;
    }
    return nullptr;
}

fs::path directory_of(void* library) {
    link_map* map = nullptr;
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return {};
    return fs::path(map->l_name).parent_path();
}

XrtLibrary problem(XrtLibrary found, XrtProblem kind, std::string detail) {
    found.problem = kind;
    found.detail = std::move(detail);
    return found;
}

XrtLibrary load() {
    XrtLibrary found;
    found.module_path = module_path(xrt_backend::kModuleFile, "NPUSCRIBE_XRT_MODULE");
    std::error_code error;
    if (found.module_path.empty() || !fs::exists(found.module_path, error)) {
        const std::string looked =
            found.module_path.empty()
                ? fmt::format("{} is neither beside the program nor in ../lib/npuscribe",
                              xrt_backend::kModuleFile)
                : fmt::format("NPUSCRIBE_XRT_MODULE names {}, which does not exist",
                              found.module_path.string());
        return problem(
            found, XrtProblem::no_module,
            fmt::format("this npuscribe was built without XRT: {}; build it on a machine with XRT's headers "
                        "(libxrt-dev, or scripts/xrt-headers)",
                        looked));
    }

    std::string not_found;
    void* library = open_library(not_found);
    if (library == nullptr) {
        return problem(found, XrtProblem::no_library,
                       fmt::format("XRT's library cannot be loaded: {}; {}", not_found, kGetXrt));
    }
    found.library_directory = directory_of(library);
    // The oldest releases lack this symbol. They fail below, because they lack others, too.
    const auto version = reinterpret_cast<unsigned (*)()>(dlsym(library, "xrtVersionCode"));
    if (version != nullptr && version() < kOldestXrt) {
        return problem(
            found, XrtProblem::old_library,
            fmt::format("the installed XRT is {}: {}", xrt_backend::version_text(version()), kGetXrt));
    }

    void* module = dlopen(found.module_path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
        const std::string reason = last_error();
        // Releases of XRT only add symbols, so a library that lacks one is an older release.
        if (reason.find("undefined symbol") != std::string::npos) {
            return problem(
                found, XrtProblem::old_library,
                fmt::format("the XRT in {} is too old: {}", found.library_directory.string(), kGetXrt));
        }
        return problem(found, XrtProblem::foreign_module, "the module for XRT cannot be loaded: " + reason);
    }
    const auto entry = reinterpret_cast<xrt_backend::EntryPoint>(dlsym(module, xrt_backend::kEntryPoint));
    found.backend = entry != nullptr ? entry(xrt_backend::kVersion) : nullptr;
    if (found.backend == nullptr) {
        return problem(found, XrtProblem::foreign_module,
                       fmt::format("{} belongs to another version of npuscribe: build both together",
                                   found.module_path.string()));
    }
    return found;
}

}  // namespace

const XrtLibrary& xrt_library() {
    static const XrtLibrary library = load();
    return library;
}

}  // namespace npuscribe
