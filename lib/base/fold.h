#pragma once
// Text as it is compared when case and accents do not matter.

#include <string>
#include <string_view>

namespace npuscribe {

/// `text` without case, accents, apostrophes and the white space at its ends: "Español" and "ESPANOL" are
/// both "espanol". Characters are decomposed and case-folded (Unicode 15, sections 3.11 and 3.13) and lose
/// their marks; Latin letters that do not decompose (ø, đ, ł, ı, ə) become the ones that people type for
/// them. For comparing alone: vowel signs of Indian scripts are marks, too. Empty if `text` is not UTF-8.
std::string fold(std::string_view text);

}  // namespace npuscribe
