#pragma once
// Cuts words into cues by the rules that broadcasters and streaming services ask for: few characters a line,
// few lines, time to read them, breaks where the language has them.

#include <vector>

#include "output/cues.h"
#include "output/subtitles.h"
#include "transcribe/types.h"

namespace npuscribe::output {

/// The cues of `options.limits`, in order of time. Always: the lines' width and number, the greatest
/// duration, the gap between cues, no cue across a pause of more than a second or a change of speaker. Among
/// the cuts that obey, the best gives each cue its least duration and time to be read, and ends it with a
/// sentence, else with a clause, else at a pause. A cue that would be too short stays on into the silence
/// after it; if two people speak at once, the later one's cue waits until the other has had its least
/// duration. A speaker's name, as SubRip has it, counts as part of the first line.
std::vector<Cue> broadcast_cues(const Transcript& transcript, const SubtitleOptions& options);

}  // namespace npuscribe::output
