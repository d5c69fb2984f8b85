// SPDX-License-Identifier: MIT
#pragma once
// The part of AMD's AIE API that the kernels use, in plain C++, so that the same sources run on the host.
// Names and meaning are the API's own; only what is used is here. Uses for which the array gives
// wrong values are refused, as far as public sources describe them.
//
// Everything is in an inline namespace of the translation unit's own (NPUSCRIBE_HOST_ABI): kernels compiled
// for several CPUs are linked into one program, and the linker must not take one's code for another's.

#ifndef NPUSCRIBE_HOST_ABI
#error "define NPUSCRIBE_HOST_ABI: a name for the CPU that this translation unit is compiled for"
#endif

#include "block_vector.hpp"
#include "misuse.hpp"
#include "mmul.hpp"
#include "rounding.hpp"
#include "vector.hpp"
