// SPDX-License-Identifier: MIT
#pragma once
// What differs between the compilers and the AIE API releases that these kernels are built with. Nothing else
// in this folder asks which one it is.

#include <stdint.h>
#include <aie_api/aie.hpp>

// Loop hints. Peano (llvm-aie) pipelines by itself; Chess wants to be asked. Both pipeline the innermost loop
// alone, which is therefore one loop over the groups of a tile, with the few steps of K in it unrolled.
#if defined(__chess__)
#define NPUSCRIBE_UNROLLED [[chess::unroll_loop()]]
#define NPUSCRIBE_PIPELINED [[chess::prepare_for_pipelining]]
#define NPUSCRIBE_AT_LEAST(n) [[chess::min_loop_count(n)]]
#elif defined(__AIECC__)
#define NPUSCRIBE_PRAGMA(text) _Pragma(#text)
#define NPUSCRIBE_UNROLLED NPUSCRIBE_PRAGMA(clang loop unroll(full))
#define NPUSCRIBE_PIPELINED
#define NPUSCRIBE_AT_LEAST(n) NPUSCRIBE_PRAGMA(clang loop min_iteration_count(n))
#else
#define NPUSCRIBE_UNROLLED
#define NPUSCRIBE_PIPELINED
#define NPUSCRIBE_AT_LEAST(n)
#endif

// aie::mmul takes block vectors, B as op_transpose(b), since this version of the architecture's API.
#if defined(AIE_API_ML_VERSION) && AIE_API_ML_VERSION < 210
#error "this AIE API is older than AIE2P's: it has no block vectors"
#endif

// Entry points are plain C names. The host build, which links kernels of several tiles into one program, adds
// a suffix.
#ifdef NPUSCRIBE_KERNEL_SUFFIX
#define NPUSCRIBE_JOIN_(name, suffix) name##suffix
#define NPUSCRIBE_JOIN(name, suffix) NPUSCRIBE_JOIN_(name, suffix)
#define NPUSCRIBE_ENTRY(name) NPUSCRIBE_JOIN(name, NPUSCRIBE_KERNEL_SUFFIX)
#else
#define NPUSCRIBE_ENTRY(name) name
#endif

// The tile, in values: C [M × N] += A [M × K] · B [N × K]ᵀ.
#if !defined(DIM_M) || !defined(DIM_K) || !defined(DIM_N)
#error "define DIM_M, DIM_K and DIM_N: the tile of one core, as kernels/plan.json has it"
#endif
