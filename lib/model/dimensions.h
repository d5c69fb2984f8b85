#pragma once
// A Whisper checkpoint's dimensions, under OpenAI's names (openai/whisper, whisper/model.py:
// ModelDimensions).

#include <array>
#include <cstddef>
#include <utility>

#include "simd/packing.h"

namespace npuscribe {

using simd::kHeadSize;  // readers refuse other sizes

struct Dimensions {
    size_t n_mels = 0;         // 80, or 128 from large-v3 on
    size_t n_audio_ctx = 0;    // 1500 encoder frames of 20 ms
    size_t n_audio_state = 0;  // 384, 512, 768, 1024, 1280
    size_t n_audio_head = 0;
    size_t n_audio_layer = 0;
    size_t n_vocab = 0;     // 51864 English-only, 51865 multilingual, 51866 from large-v3 on
    size_t n_text_ctx = 0;  // 448 tokens
    size_t n_text_state = 0;
    size_t n_text_head = 0;
    size_t n_text_layer = 0;

    bool multilingual() const { return n_vocab >= 51865; }
    size_t n_languages() const { return n_vocab - 51765 - (multilingual() ? 1 : 0); }
    bool operator==(const Dimensions&) const = default;
};

/// Every dimension and its name, for loops over all of them.
inline constexpr std::array<std::pair<const char*, size_t Dimensions::*>, 10> kDimensionFields = {{
    {"n_mels", &Dimensions::n_mels},
    {"n_audio_ctx", &Dimensions::n_audio_ctx},
    {"n_audio_state", &Dimensions::n_audio_state},
    {"n_audio_head", &Dimensions::n_audio_head},
    {"n_audio_layer", &Dimensions::n_audio_layer},
    {"n_vocab", &Dimensions::n_vocab},
    {"n_text_ctx", &Dimensions::n_text_ctx},
    {"n_text_state", &Dimensions::n_text_state},
    {"n_text_head", &Dimensions::n_text_head},
    {"n_text_layer", &Dimensions::n_text_layer},
}};

}  // namespace npuscribe
