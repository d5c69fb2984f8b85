#pragma once
// The value of --language.

#include <string>
#include <string_view>

namespace npuscribe::app {

/// What --language list is read as: the command then prints language_list() and does nothing else.
inline constexpr std::string_view kListLanguages = "list";

/// The code of the language that `text` names by code, English name or own name (model/languages.h); empty
/// for auto, and kListLanguages for list. Throws UsageError, which suggests the nearest names.
std::string read_language(const std::string& text);

/// The value of --audio-track: a number from 1, or the code of the language that `text` names, which may also
/// be a code that Whisper does not know; empty for auto. Throws UsageError.
std::string read_audio_track(const std::string& text);

/// All languages in alphabetical order, a line each: code, English name, own name.
std::string language_list();

}  // namespace npuscribe::app
