#pragma once
// From times of a window to times of the file, around the pauses that voice activity cut out of it.

#include <string_view>
#include <vector>

#include "audio/window.h"
#include "decoder/vocabulary.h"
#include "transcribe/types.h"
#include "transcribe/words.h"

namespace npuscribe {

/// Puts a segment into the file, and splits it at each cut-out pause that its words stand on both sides of,
/// so that no segment runs through such a pause. `segment` has everything but times and words.
/// `timed.words` are the words of its text in `language`, or empty: then the segment goes to the piece of the
/// window that holds most of it. A part that ends before a cut-out pause ends when its speech does, or 0.2 s
/// later at most. If `keep_words`, the parts have the words, with times of the file.
std::vector<Segment> put_into_file(const Segment& segment, const TimedSegment& timed, bool keep_words,
                                   const audio::Window& window, const Vocabulary& vocabulary,
                                   std::string_view language);

}  // namespace npuscribe
