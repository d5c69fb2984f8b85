#include "fetch/http.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/module_path.h"

namespace npuscribe::fetch {
namespace {

HttpModuleGet load() {
    const auto path = module_path(kHttpModule, "NPUSCRIBE_HTTP_MODULE");
    if (path.empty())
        throw ModelError(
            fmt::format("models cannot be fetched: {} is neither beside the program nor in ../lib/npuscribe",
                        kHttpModule));
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* get = handle != nullptr ? dlsym(handle, kHttpModuleGet) : nullptr;
    if (get == nullptr) {
        const char* error = dlerror();
        throw ModelError(
            fmt::format("models cannot be fetched: {}", error != nullptr ? error : path.c_str()));
    }
    return reinterpret_cast<HttpModuleGet>(get);
}

}  // namespace

HttpResult http_get(const HttpRequest& request, HttpReceiver& receiver) {
    static const HttpModuleGet get = load();
    HttpResult result;
    get(request, receiver, result);
    return result;
}

}  // namespace npuscribe::fetch
