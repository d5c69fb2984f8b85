#pragma once
// What a test case needs that not every machine has. Each function here gives it, or ends the running test
// case, which is then reported as skipped. The test case has the need as a tag, and NEEDS of its program's
// npuscribe_test names it, so that ctest has an entry of those test cases alone: TEST_CASE("tiles multiply",
// "[needs-amx]").

#include <filesystem>
#include <string>

#include "data_paths.h"

namespace npuscribe::test {

/// Ends the running test case as skipped and prints "SKIPPED: need: reason". Fails it instead if it does not
/// have the tag [need]. `need` is one of those that scripts/check-skips knows, for example "needs-amx".
[[noreturn]] void skip(const std::string& need, const std::string& reason);

/// [needs-audio]: the shared recordings, a directory.
inline std::filesystem::path need_shared_audio() {
    const auto path = shared_audio();
    if (!path) skip("needs-audio", "there are no shared recordings");
    return *path;
}

/// [needs-pocketsphinx]: Debian's pocketsphinx-testdata.
inline std::filesystem::path need_pocketsphinx_data() {
    const auto path = pocketsphinx_data();
    if (!path) skip("needs-pocketsphinx", "pocketsphinx-testdata is not installed");
    return *path;
}

/// [needs-models]: the directory or file of a fetched model.
inline std::filesystem::path need_model(const std::string& name) {
    const auto path = model_directory(name);
    if (!path) skip("needs-models", "the model " + name + " is not fetched; see scripts/fetch-model");
    return *path;
}

/// [needs-avx2], [needs-vnni] (of 256 or 512 bits), [needs-avx512-vnni], [needs-avx512-bf16] and [needs-amx]:
/// instructions of this CPU. Give what lib/simd says of them.
inline void need_avx2(bool available) {
    if (!available) skip("needs-avx2", "no AVX2, or NPUSCRIBE_MAX_ISA forbids it");
}
inline void need_vnni(bool available) {
    if (!available) skip("needs-vnni", "no AVX-VNNI or AVX-512 VNNI, or NPUSCRIBE_MAX_ISA forbids them");
}
inline void need_avx512_vnni(bool available) {
    if (!available) skip("needs-avx512-vnni", "no AVX-512 VNNI, or NPUSCRIBE_MAX_ISA forbids it");
}
inline void need_vnni_and_bf16(bool available) {
    if (!available) skip("needs-avx512-bf16", "no AVX-512 BF16 and VNNI, or NPUSCRIBE_MAX_ISA forbids them");
}
inline void need_amx(bool available) {
    if (!available) skip("needs-amx", "no AMX, or NPUSCRIBE_MAX_ISA forbids it");
}

}  // namespace npuscribe::test
