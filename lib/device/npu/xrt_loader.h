#pragma once
// Finds and loads the module that calls XRT, or says exactly why it cannot be loaded.

#include <filesystem>
#include <string>

#include "device/npu/xrt_backend.h"

namespace npuscribe {

enum class XrtProblem {
    none,
    no_module,       // npuscribe was built without XRT
    no_library,      // libxrt_coreutil is not installed
    old_library,     // libxrt_coreutil is older than 2.17
    foreign_module,  // the module belongs to another build of npuscribe, or cannot be loaded
};

struct XrtLibrary {
    XrtProblem problem = XrtProblem::none;
    std::string detail;                       // the problem in one line, with what to do
    xrt_backend::Backend* backend = nullptr;  // lives as long as the process
    std::filesystem::path module_path;
    std::filesystem::path library_directory;  // where libxrt_coreutil was found
};

/// Loads $NPUSCRIBE_XRT_MODULE if it is set, else libnpuscribe_xrt.so beside the program or in
/// ../lib/npuscribe, and XRT's libxrt_coreutil.so.2 (from the loader's path, then $XILINX_XRT/lib, then
/// /opt/xilinx/xrt/lib). Tries once in a process; later calls return the same result. Does not throw.
const XrtLibrary& xrt_library();

}  // namespace npuscribe
