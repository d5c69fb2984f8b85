// FFmpeg's libraries are many and large, and most files do not need them. Hence they are in a module of their
// own, which is loaded with the first file that libsndfile cannot read.

#include <dlfcn.h>
#include <fmt/format.h>

#include "audio/file_decoder.h"
#include "audio/libav_module/libav_module.h"
#include "base/error.h"
#include "base/module_path.h"

namespace npuscribe::audio {
namespace {

struct Module {
    LibavOpen open = nullptr;
    LibavVersion version = nullptr;
    LibavDownload download = nullptr;
    std::string missing;  // the reason, if it could not be loaded
};

Module load() {
    Module module;
    const auto path = module_path(kLibavModule, "NPUSCRIBE_LIBAV_MODULE");
    if (path.empty()) {
        module.missing =
            fmt::format("{} is neither beside the program nor in ../lib/npuscribe", kLibavModule);
        return module;
    }
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* error = dlerror();
        module.missing = error != nullptr ? error : fmt::format("{} cannot be loaded", path.string());
        return module;
    }
    module.open = reinterpret_cast<LibavOpen>(dlsym(handle, kLibavOpen));
    module.version = reinterpret_cast<LibavVersion>(dlsym(handle, kLibavVersion));
    module.download = reinterpret_cast<LibavDownload>(dlsym(handle, kLibavDownload));
    if (module.open == nullptr || module.version == nullptr || module.download == nullptr) {
        module = {};
        module.missing = fmt::format("{} belongs to another version of npuscribe", path.string());
    }
    return module;
}

const Module& module() {
    static const Module loaded = load();
    return loaded;
}

}  // namespace

std::unique_ptr<FileDecoder> open_with_libav(const InputFile& file, const std::string& track) {
    if (module().open == nullptr) {
        throw InputError(fmt::format(
            "{} is not in a format that libsndfile reads, and FFmpeg's libraries cannot be used: {}",
            file.name(), module().missing));
    }
    return std::unique_ptr<FileDecoder>(module().open(file, track));
}

void download_with_libav(const std::string& url, DownloadSink& sink) {
    if (module().download == nullptr)
        throw InputError(fmt::format("'{}' cannot be read, because FFmpeg's libraries cannot be used: {}",
                                     url, module().missing));
    module().download(url, sink);
}

std::string libav_version() {
    return module().version != nullptr ? module().version() : "no libavformat: " + module().missing;
}

}  // namespace npuscribe::audio
