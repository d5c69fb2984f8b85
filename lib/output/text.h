#pragma once
// Text and times in the form that the writers need.

#include <cstdint>
#include <string>
#include <string_view>

#include "transcribe/types.h"

namespace npuscribe::output {

/// `bytes` as valid UTF-8. Each maximal part that is not becomes one U+FFFD (Unicode 15, section 3.9, "U+FFFD
/// Substitution of Maximal Subparts"). The text of every writer passes through here.
std::string valid_utf8(std::string_view bytes);

/// Valid UTF-8 on a single line: each run of line ends and other control characters becomes one space.
std::string flat(std::string_view bytes);

/// The same without spaces at its ends.
std::string one_line(std::string_view bytes);

/// The number of code points of valid UTF-8.
size_t characters(std::string_view text);

/// True if any segment has a speaker: tables then have a column for it.
bool has_speakers(const Transcript& transcript);

/// Seconds to milliseconds, rounded to the nearest. Negative and NaN become 0.
int64_t milliseconds(double seconds);

/// "00:01:02.345", with at least two digits for the hours, or "01:02.345" if `hours` is false and there are
/// none. `decimal` is '.' (WebVTT) or ',' (SubRip).
std::string timestamp(int64_t ms, char decimal, bool hours);

}  // namespace npuscribe::output
