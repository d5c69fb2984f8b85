#pragma once
// What stderr says at the end of a run.

#include <string>

#include "output/report.h"

namespace npuscribe::app {

/// One line. Of a single input that was transcribed: "English (97 %), 6:41 of audio in 5.1 s, 78.8 x
/// realtime, device cpu (AMD EPYC)"; the percentage is the probability of a language that was detected. Of
/// several inputs, or of one that was skipped: "2 done, 1 failed, 1 skipped, English, 0:22 of audio ...".
/// Empty for a single input that failed or was interrupted, because that was reported already.
std::string summary(const output::RunReport& report);

}  // namespace npuscribe::app
