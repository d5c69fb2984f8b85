// Reading any bytes as the manifest of the NPU's programs gives programs or throws DeviceError.

#include "base/error.h"
#include "device/npu/npu_programs.h"
#include "fuzz_input.h"
#include "temporary_directory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace npuscribe;
    struct Programs {
        test::TemporaryDirectory directory;
        fuzz::MemoryFile manifest;
        Programs() { manifest.link(directory / "manifest.json"); }
    };
    static const Programs programs;
    programs.manifest.write({reinterpret_cast<const char*>(data), size});
    try {
        const NpuPrograms read(programs.directory.path());
        read.describe();
        read.shapes();
        read.find("bfp16_128x32x64");
    } catch (const DeviceError&) {  // the right answer to most inputs
    }
    return 0;
}
