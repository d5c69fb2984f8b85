#include "device/npu/xrt_loader.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <system_error>
#include <vector>

#include "base/module_path.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;

// Its name has not changed since 2.0; the version behind it has.
constexpr const char* kXrtLibrary = "libxrt_coreutil.so.2";
constexpr unsigned kOldestXrt = (2U << 16) + 17;
constexpr const char* kGetXrt =
    "XRT 2.17 or newer is needed (Debian 13: apt-get install -t trixie-backports libxrt-npu2)";

std::string last_error() {
    const char* error = dlerror();
    return error != nullptr ? error : "unknown error";
}

// Where the library is found first, as the dynamic loader sees it; `first_error` keeps the message of the
// plain name.
void* open_library(std::string& first_error) {
    std::vector<std::string> names{kXrtLibrary};
    if (const char* root = std::getenv("XILINX_XRT"))
        names.push_back(std::string(root) + "/lib/" + kXrtLibrary);
    names.push_back(std::string("/opt/xilinx/xrt/lib/") + kXrtLibrary);
    for (const std::string& name : names) {
        // Global: the module may have been built without the library at hand, and then names only its
        // symbols.
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
                ? std::string(xrt_backend::kModuleFile) +
                      " is neither beside the program nor in ../lib/npuscribe"
                : "NPUSCRIBE_XRT_MODULE names " + found.module_path.string() + ", which does not exist";
        return problem(found, XrtProblem::no_module,
                       "this npuscribe was built without XRT: " + looked +
                           "; build it where XRT's headers are (libxrt-dev, or scripts/xrt-headers)");
    }

    std::string not_found;
    void* library = open_library(not_found);
    if (library == nullptr) {
        return problem(found, XrtProblem::no_library,
                       "XRT's library cannot be loaded: " + not_found + "; " + kGetXrt);
    }
    found.library_directory = directory_of(library);
    // The oldest releases have no such symbol: they fail below, for want of others.
    const auto version = reinterpret_cast<unsigned (*)()>(dlsym(library, "xrtVersionCode"));
    if (version != nullptr && version() < kOldestXrt) {
        return problem(found, XrtProblem::old_library,
                       "the installed XRT is " + xrt_backend::version_text(version()) + ": " + kGetXrt);
    }

    void* module = dlopen(found.module_path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
        const std::string reason = last_error();
        // A library without what the module calls is an older one: releases only add symbols.
        if (reason.find("undefined symbol") != std::string::npos) {
            return problem(found, XrtProblem::old_library,
                           "the XRT in " + found.library_directory.string() + " is too old: " + kGetXrt);
        }
        return problem(found, XrtProblem::foreign_module, "the module for XRT cannot be loaded: " + reason);
    }
    const auto entry = reinterpret_cast<xrt_backend::EntryPoint>(dlsym(module, xrt_backend::kEntryPoint));
    found.backend = entry != nullptr ? entry(xrt_backend::kVersion) : nullptr;
    if (found.backend == nullptr) {
        return problem(
            found, XrtProblem::foreign_module,
            found.module_path.string() + " belongs to another version of npuscribe: build both together");
    }
    return found;
}

}  // namespace

const XrtLibrary& xrt_library() {
    static const XrtLibrary library = load();
    return library;
}

}  // namespace npuscribe
