#include "model/convert.h"

#include <bit>
#include <cassert>
#include <cstring>

#include "model/ggml_blocks.h"
#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/convert.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuscribe::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
// One lane is no faster than the plain loops that end each conversion: they do all of it.
size_t convert_f16(const std::byte*, float*, size_t) {
    return 0;
}
size_t convert_bf16(const std::byte*, float*, size_t) {
    return 0;
}
size_t convert_i8(const std::byte*, float*, size_t) {
    return 0;
}
#else

// Tensors start at odd addresses in CTranslate2 files, so that loads go by bytes: no pointer to a wider type
// is made.
template <class T, class D>
HWY_ATTR auto load(D /*f32*/, const std::byte* source) {
    const hn::Rebind<T, D> d;
    const hn::Repartition<uint8_t, decltype(d)> bytes;
    return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const uint8_t*>(source)));
}

// Each converts whole vectors and returns how many elements that were; the caller does the rest.
HWY_ATTR size_t convert_f16(const std::byte* source, float* out, size_t count) {
    const hn::ScalableTag<float> df;
    const size_t lanes = hn::Lanes(df);
    size_t i = 0;
#if HWY_TARGET <= HWY_AVX2 || !HWY_ARCH_X86
    for (; i + lanes <= count; i += lanes) {
        hn::StoreU(hn::PromoteTo(df, load<hwy::float16_t>(df, source + 2 * i)), df, out + i);
    }
#else
    // Without F16C: move exponent and mantissa into place as if they were f32's, and multiply the difference
    // of the biases away, which also makes subnormals right. Exponent 31 (infinities, NaNs) becomes 255.
    const hn::RebindToUnsigned<decltype(df)> du;
    for (; i + lanes <= count; i += lanes) {
        const auto bits = hn::PromoteTo(du, load<uint16_t>(df, source + 2 * i));
        const auto magnitude = hn::And(bits, hn::Set(du, 0x7FFFU));
        const auto scaled =
            hn::BitCast(du, hn::Mul(hn::BitCast(df, hn::ShiftLeft<13>(magnitude)), hn::Set(df, 0x1p112F)));
        const auto special =
            hn::And(hn::VecFromMask(du, hn::Gt(magnitude, hn::Set(du, 0x7BFFU))), hn::Set(du, 0x7F800000U));
        const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(du, 0x8000U)));
        hn::StoreU(hn::BitCast(df, hn::Or(hn::Or(scaled, special), sign)), df, out + i);
    }
#endif
    return i;
}

HWY_ATTR size_t convert_bf16(const std::byte* source, float* out, size_t count) {
    const hn::ScalableTag<float> df;
    const hn::RebindToUnsigned<decltype(df)> du;
    const size_t lanes = hn::Lanes(df);
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        const auto bits = hn::PromoteTo(du, load<uint16_t>(df, source + 2 * i));
        hn::StoreU(hn::BitCast(df, hn::ShiftLeft<16>(bits)), df, out + i);
    }
    return i;
}

HWY_ATTR size_t convert_i8(const std::byte* source, float* out, size_t count) {
    const hn::ScalableTag<float> df;
    const hn::RebindToSigned<decltype(df)> di;
    const size_t lanes = hn::Lanes(df);
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        hn::StoreU(hn::ConvertTo(df, hn::PromoteTo(di, load<int8_t>(df, source + i))), df, out + i);
    }
    return i;
}
#endif

}  // namespace npuscribe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe {
namespace {

HWY_EXPORT(convert_f16);
HWY_EXPORT(convert_bf16);
HWY_EXPORT(convert_i8);

template <class T>
T element(const std::byte* source, size_t i) {
    T value;
    std::memcpy(&value, source + i * sizeof(T), sizeof(T));
    return value;
}

}  // namespace

size_t size_of(DType dtype) {
    switch (dtype) {
        case DType::f32:
        case DType::i32:
            return 4;
        case DType::f16:
        case DType::bf16:
        case DType::i16:
            return 2;
        case DType::i8:
        case DType::u8:
        case DType::bfp16:  // of its own, it has none; nor have the others here
        case DType::q8_0:
        case DType::q5_0:
        case DType::q5_1:
        case DType::q4_0:
        case DType::q4_1:
            return 1;
    }
    return 1;
}

size_t bytes_of(DType dtype, size_t count) {
    if (ggml::is_blocks(dtype)) return count / ggml::kBlockSize * ggml::block_bytes(dtype);
    return count * size_of(dtype);
}

std::string_view name(DType dtype) {
    constexpr std::string_view names[] = {"f32",   "f16",  "bf16", "int8", "int16", "int32", "uint8",
                                          "bfp16", "q8_0", "q5_0", "q5_1", "q4_0",  "q4_1"};
    return names[static_cast<size_t>(dtype)];
}

float f16_to_f32(uint16_t bits) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000U) << 16;
    const uint32_t magnitude = bits & 0x7FFFU;
    if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13);
    const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112F;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(scaled));
}

void to_f32(DType dtype, const std::byte* source, float* out, size_t count) {
    static_assert(std::endian::native == std::endian::little,
                  "checkpoints are little-endian, and read in place");
    assert(dtype != DType::bfp16);
    if (count == 0) return;
    simd::init_isa();
    size_t i = 0;
    switch (dtype) {
        case DType::f32:
            std::memcpy(out, source, count * sizeof(float));
            break;
        case DType::f16:
            i = HWY_DYNAMIC_DISPATCH(convert_f16)(source, out, count);
            for (; i < count; ++i) out[i] = f16_to_f32(element<uint16_t>(source, i));
            break;
        case DType::bf16:
            i = HWY_DYNAMIC_DISPATCH(convert_bf16)(source, out, count);
            for (; i < count; ++i) {
                out[i] = std::bit_cast<float>(static_cast<uint32_t>(element<uint16_t>(source, i)) << 16);
            }
            break;
        case DType::i8:
            i = HWY_DYNAMIC_DISPATCH(convert_i8)(source, out, count);
            for (; i < count; ++i) out[i] = element<int8_t>(source, i);
            break;
        case DType::i16:
            for (; i < count; ++i) out[i] = element<int16_t>(source, i);
            break;
        case DType::i32:
            for (; i < count; ++i) out[i] = static_cast<float>(element<int32_t>(source, i));
            break;
        case DType::u8:
            for (; i < count; ++i) out[i] = element<uint8_t>(source, i);
            break;
        case DType::bfp16:
            break;
        case DType::q8_0:
        case DType::q5_0:
        case DType::q5_1:
        case DType::q4_0:
        case DType::q4_1:
            ggml::dequantise(dtype, source, out, count);
            break;
    }
}

}  // namespace npuscribe
#endif
