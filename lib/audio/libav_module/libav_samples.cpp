#include "audio/libav_module/libav_samples.h"

#include <cstdint>

extern "C" {
#include <libavutil/samplefmt.h>
}

namespace npuscribe::audio {
namespace {

float to_float(uint8_t sample) {
    return static_cast<float>(sample - 128) / 128.0F;
}
float to_float(int16_t sample) {
    return static_cast<float>(sample) / 32768.0F;
}
float to_float(int32_t sample) {
    return static_cast<float>(sample) / 2147483648.0F;
}
float to_float(int64_t sample) {
    return static_cast<float>(sample) / 9223372036854775808.0F;
}
float to_float(float sample) {
    return sample;
}
float to_float(double sample) {
    return static_cast<float>(sample);
}

template <class T>
void append(const AVFrame& frame, bool planar, float* out) {
    const int channels = frame.ch_layout.nb_channels;
    for (int c = 0; c < channels; ++c) {
        const T* from = reinterpret_cast<const T*>(frame.extended_data[planar ? c : 0]) + (planar ? 0 : c);
        const int step = planar ? 1 : channels;
        for (int i = 0; i < frame.nb_samples; ++i) {
            out[static_cast<size_t>(i) * channels + c] = to_float(from[static_cast<size_t>(i) * step]);
        }
    }
}

using Append = void (*)(const AVFrame& frame, bool planar, float* out);

/// Null if the format is not known.
Append append_for(AVSampleFormat packed) {
    switch (packed) {
        case AV_SAMPLE_FMT_U8:
            return append<uint8_t>;
        case AV_SAMPLE_FMT_S16:
            return append<int16_t>;
        case AV_SAMPLE_FMT_S32:
            return append<int32_t>;
        case AV_SAMPLE_FMT_S64:
            return append<int64_t>;
        case AV_SAMPLE_FMT_FLT:
            return append<float>;
        case AV_SAMPLE_FMT_DBL:
            return append<double>;
        default:
            return nullptr;
    }
}

}  // namespace

bool append_interleaved(const AVFrame& frame, std::vector<float>& block) {
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const Append append = append_for(av_get_packed_sample_fmt(format));
    if (append == nullptr) return false;
    const size_t begin = block.size();
    block.resize(begin +
                 static_cast<size_t>(frame.nb_samples) * static_cast<size_t>(frame.ch_layout.nb_channels));
    append(frame, av_sample_fmt_is_planar(format) != 0, block.data() + begin);
    return true;
}

}  // namespace npuscribe::audio
