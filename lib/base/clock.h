#pragma once
// Lengths of time as people read them.

#include <string>

namespace npuscribe {

/// "0:07", "12:34", "1:02:03". Parts of a second are cut off, and negative times are 0:00.
std::string clock_text(double seconds);

}  // namespace npuscribe
