#pragma once
// The codes by which containers name the languages of their tracks. Private to lib/audio.

#include <string_view>

namespace npuscribe::audio {

/// Whether a track's language tag, a code of ISO 639-1 or 639-2 ("de", "deu", "ger") with a region or not
/// ("de-AT"), names the language that `wanted` names by such a code. Case does not matter. An unknown code
/// is only equal to itself, and an empty one to none.
bool is_language(std::string_view tag, std::string_view wanted);

}  // namespace npuscribe::audio
