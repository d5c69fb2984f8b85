#include "simd/kernels.h"

#include "base/error.h"
#include "catch.h"
#include "simd/isa.h"

using namespace npuscribe;
using simd::AttentionKernel, simd::BlockMatmul, simd::Element, simd::Int8Matmul, simd::Isa, simd::KeyFormat,
    simd::Kernels, simd::ProjectionKernel;

TEST_CASE("every kind of CPU has the kernels that the table in kernels.h lists for it") {
    const Kernels plain{AttentionKernel::highway,  KeyFormat::bf16, KeyFormat::bf16,
                        ProjectionKernel::highway, Element::bf16,   BlockMatmul::onednn};
    CHECK(simd::kernels_for(Isa::baseline, false) == plain);
    Kernels floats = plain;
    floats.audio = KeyFormat::int8;
    floats.int8_matmul = Int8Matmul::int16;
    floats.decoder_weights = Element::bfp16;
    floats.bfp16_matmul = BlockMatmul::floats;
    Kernels integers = floats;
    integers.attention = AttentionKernel::int16;
    integers.bfp16_matmul = BlockMatmul::int16;
    CHECK(simd::kernels_for(Isa::avx2, false) == integers);
    integers.bfp16_matmul = BlockMatmul::vnni_256;
    CHECK(simd::kernels_for(Isa::avxvnni, false) == integers);
    CHECK(simd::kernels_for(Isa::avx512, false) == floats);
    CHECK(simd::kernels_for(Isa::avx512, true) == Kernels{AttentionKernel::highway, KeyFormat::bf16,
                                                          KeyFormat::int8, ProjectionKernel::highway,
                                                          Element::bfp16, BlockMatmul::vnni});
    CHECK(simd::kernels_for(Isa::bf16, false) ==
          Kernels{AttentionKernel::avx512_bf16, KeyFormat::bf16, KeyFormat::int8,
                  ProjectionKernel::avx512_bf16, Element::bf16, BlockMatmul::onednn, Int8Matmul::int16});
    CHECK(simd::kernels_for(Isa::bf16, true) == Kernels{AttentionKernel::avx512_bf16, KeyFormat::int8,
                                                        KeyFormat::int8, ProjectionKernel::avx512_bf16,
                                                        Element::bfp16, BlockMatmul::vnni});
    CHECK(simd::kernels_for(Isa::amx, true) == Kernels{AttentionKernel::amx_tiles, KeyFormat::bf16,
                                                       KeyFormat::int8, ProjectionKernel::avx512_bf16,
                                                       Element::bfp16, BlockMatmul::amx_tiles});
}

TEST_CASE("a process uses the kernels of its own CPU and NPUSCRIBE_MAX_ISA") {
    CHECK(simd::kernels() == simd::kernels_for(simd::isa(), simd::has_vnni()));
}

TEST_CASE("VNNI on 256 bits comes with VNNI on 512 bits and with no level below its own") {
    if (simd::has_vnni()) CHECK(simd::has_vnni_256());
    if (simd::isa() < Isa::avxvnni) CHECK_FALSE(simd::has_vnni_256());
    if (simd::isa() == Isa::avxvnni) CHECK(simd::has_vnni_256());
}

TEST_CASE("a kernel of another architecture is refused with the instructions that it needs") {
    CHECK(test::message_of<DeviceError>([] { simd::refuse_kernel("attention in 8 bits", "AVX-512 VNNI"); }) ==
          "attention in 8 bits needs AVX-512 VNNI, which only x86-64 has: call what simd::kernels() names");
}
