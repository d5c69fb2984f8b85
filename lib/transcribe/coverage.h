#pragma once
// Speech that a window's text does not account for. Whisper sometimes jumps over speech: it goes on with a
// later sentence, or predicts an end of segment that is seconds away, and no threshold sees it. The
// cross-attention does: each token is looked for at a frame of the audio, and a stretch of speech in which no
// word was looked for is a hole. It is decoded again as a window of its own. Attention alone would see too
// many holes: in short windows that of many words rests on one frame, so words without a place of their own
// account for as much of the speech around them as their letters take.

#include <cstdint>
#include <string_view>
#include <vector>

#include "audio/window.h"
#include "decoder/result.h"
#include "decoder/vocabulary.h"
#include "transcribe/options.h"

namespace npuscribe {

/// Speech without words.
struct Hole {
    size_t tokens = 0;   // of the result that come before it
    audio::Range audio;  // samples of the window, in whole encoder frames
};

/// The holes of a window's text, in order. None if the window does not know where its speech is, if the
/// result does not know at which frames its tokens were looked for (DecodeRequest::locate), if it begins with
/// a given prefix, or if it has no text.
std::vector<Hole> find_holes(const DecodingResult& result, const audio::Window& window,
                             const Vocabulary& vocabulary, const WordOptions& words);

/// A stretch of a window and its text, as a window of its own.
struct WindowStretch {
    audio::Window window;
    DecodingResult result;
};

/// What lies before, between and after the holes: one stretch more than there are holes. A stretch may be
/// empty.
std::vector<WindowStretch> split_at_holes(const DecodingResult& result, const audio::Window& window,
                                          const std::vector<Hole>& holes, const Vocabulary& vocabulary);

/// The text that was decoded for a hole is believed: there is some, it is likely enough, it does not repeat
/// itself, and it is not about what the text `before` the hole ends with or the one `after` it begins with:
/// decoded alone, the same words often come out a little differently.
bool fills_hole(const DecodingResult& result, const Vocabulary& vocabulary, std::string_view before,
                std::string_view after);

}  // namespace npuscribe
