#pragma once
// Parts of a file that are compiled for instructions which the build does not target. Private to lib/simd.
//
//     NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512vnni")
//     ... functions with intrinsics
//     NPUSCRIBE_TARGET_END
//
// Include headers before such a part, never inside it: their inline functions are shared by the whole
// program, which must run on every CPU.

#define NPUSCRIBE_PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define NPUSCRIBE_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,fma"
#define NPUSCRIBE_TARGET_BEGIN(features) \
    NPUSCRIBE_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define NPUSCRIBE_TARGET_END NPUSCRIBE_PRAGMA(clang attribute pop)
#else
#define NPUSCRIBE_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512"
#define NPUSCRIBE_TARGET_BEGIN(features) \
    NPUSCRIBE_PRAGMA(GCC push_options)   \
    NPUSCRIBE_PRAGMA(GCC target(features))
#define NPUSCRIBE_TARGET_END NPUSCRIBE_PRAGMA(GCC pop_options)
#endif
