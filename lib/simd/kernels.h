#pragma once
// Which kernel runs on which CPU. Every choice between kernels of lib/simd that depends on the CPU stands in
// this table, and other folders ask kernels() instead of looking at instruction sets themselves.
//
//   isa()    has_vnni()  attention    encoder_keys  audio  projection   decoder_weights bfp16_matmul
//   int8_matmul baseline     no      highway      bf16          bf16   highway      bf16            onednn
//   onednn avx2         no      highway      bf16          int8   highway      bfp16           int16 int16
//   avxvnni      no      int16        bf16          int8   highway      bfp16           vnni_256     int16
//   avx512       no      highway      bf16          int8   highway      bfp16           floats       int16
//   avx512       yes     highway      bf16          int8   highway      bfp16           vnni         onednn
//   bf16         no      avx512_bf16  bf16          int8   avx512_bf16  bf16            onednn       int16
//   bf16         yes     avx512_bf16  int8          int8   avx512_bf16  bfp16           vnni         onednn
//   amx          yes     amx_tiles    bf16          int8   avx512_bf16  bfp16           amx_tiles    onednn
//
// All other kernels of lib/simd are written with Highway, which compiles them for SSE2, SSE4, AVX2 and
// AVX-512 (for NEON on Arm) and picks one of these when it is called (highway_targets.cpp). oneDNN
// (device/cpu/onednn_primitive.cpp) and the emulated array (emulated_array.cpp) choose under the same cap.
//
// Highway or intrinsics? Write a kernel with Highway: it then runs everywhere. Use intrinsics only if all of
// this holds:
//   - the kernel lives by an instruction that Highway 1.0, Debian 12's, does not have: products of bfloat16
//     pairs (AVX-512 BF16), sums of four int8 products (VNNI, AVX-VNNI), matrix tiles (AMX), or sums of two
//     int16 products whose lanes are known (AVX2; ReorderWidenMulAccumulate leaves them open);
//   - it is measurably faster in `npuscribe bench encoder` or `bench pipeline`, not only by itself;
//   - other CPUs get the same results within the documented rounding, from Highway or oneDNN.
// Such a kernel has a file of its own. Its functions stand between the macros of target.h, for other
// architectures the file defines them as stubs that throw (refuse_kernel), and its choice is a row or a
// column of the table above.

#include <string_view>

#include "simd/isa.h"
#include "simd/packing.h"

namespace npuscribe::simd {

/// Who multiplies in `attend` (attention/attention.h), if keys and values are bfloat16. Of f32 and of
/// everything else in attention.h: Highway, as of a few rows in place of int16.
enum class AttentionKernel { highway, int16, avx512_bf16, amx_tiles };

/// How many bits keys (and values) are kept in, if they need not be exact.
enum class KeyFormat { bf16, int8 };

/// Who multiplies in `project` (matmul/project.h), if weights are bfloat16. Of f32: Highway; of bfp16:
/// multiply_blocks (matmul/block_matmul.h), or multiply_floats (matmul/float_matmul.h).
enum class ProjectionKernel { highway, avx512_bf16 };

/// Who multiplies BFP16 operands in the cpu device: oneDNN, as bfloat16 or f32; float_matmul.h;
/// block_matmul.h, as 16-bit integers or with VNNI on 256 or 512 bits; or tile_matmul.h.
enum class BlockMatmul { onednn, floats, int16, vnni_256, vnni, amx_tiles };

/// Who multiplies INT8 operands in the cpu device: oneDNN, with VNNI or as f32; or int8_matmul.h.
enum class Int8Matmul { onednn, int16 };

struct Kernels {
    AttentionKernel attention = AttentionKernel::highway;
    KeyFormat encoder_keys = KeyFormat::bf16;  // of self-attention after INT8 matmuls: int8 if it is faster
    KeyFormat audio = KeyFormat::bf16;         // the decoder's keys and values of the audio
    ProjectionKernel projection = ProjectionKernel::highway;
    Element decoder_weights = Element::bf16;  // of BFP16 values: as blocks, or widened
    BlockMatmul bfp16_matmul = BlockMatmul::onednn;
    Int8Matmul int8_matmul = Int8Matmul::onednn;

    bool operator==(const Kernels&) const = default;
};

/// The table. `vnni`: has_vnni().
constexpr Kernels kernels_for(Isa isa, bool vnni) {
    Kernels k;
    if (isa >= Isa::avx2) k.audio = KeyFormat::int8;
    if (isa >= Isa::avx2 && !vnni) k.int8_matmul = Int8Matmul::int16;
    if (isa >= Isa::avx2 && isa <= Isa::avx512) k.decoder_weights = Element::bfp16;
    if (isa == Isa::avx2 || isa == Isa::avxvnni) k.attention = AttentionKernel::int16;
    if (isa == Isa::avx2) k.bfp16_matmul = BlockMatmul::int16;
    if (isa == Isa::avxvnni) k.bfp16_matmul = BlockMatmul::vnni_256;
    if (isa == Isa::avx512) k.bfp16_matmul = BlockMatmul::floats;
    if (vnni && isa >= Isa::avx512) {
        k.decoder_weights = Element::bfp16;
        k.bfp16_matmul = BlockMatmul::vnni;
    }
    if (isa >= Isa::bf16) {
        k.attention = AttentionKernel::avx512_bf16;
        k.projection = ProjectionKernel::avx512_bf16;
        if (vnni) k.encoder_keys = KeyFormat::int8;
    }
    if (isa == Isa::amx) {
        k.attention = AttentionKernel::amx_tiles;
        k.encoder_keys = KeyFormat::bf16;  // tiles multiply bfloat16, and its scores need no scaling
        k.bfp16_matmul = BlockMatmul::amx_tiles;
    }
    return k;
}

/// The row of this process. Throws UsageError if NPUSCRIBE_MAX_ISA is wrong.
const Kernels& kernels();

/// Throws DeviceError: `kernel` needs `instructions`, which this build's architecture does not have.
[[noreturn]] void refuse_kernel(std::string_view kernel, std::string_view instructions);

}  // namespace npuscribe::simd
