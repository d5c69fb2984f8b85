#pragma once
// The level of the speech in a window. Whisper hears a window as a whole: it leaves out, or misunderstands, a
// voice that is far quieter than the one beside it, although it hears the same voice alone. So the quiet
// stretches of a window's speech are raised towards its loudest one. Private to lib/audio.

#include "audio/window.h"

namespace npuscribe::audio {

/// Multiplies the samples of each stretch of speech that is more than 15 dB quieter than the loudest one of
/// the window, and those of half of the pause before and after it, by the gain that brings the stretch to
/// 10 dB below the loudest; by 25 dB at the most. Between two gains the samples pass over smoothly. A window
/// whose stretches are about equally loud stays as it is, to the bit.
void level_speech(Window& window);

}  // namespace npuscribe::audio
