#pragma once
// What people type who know another Whisper command line: openai-whisper's, whisper.cpp's,
// whisper-ctranslate2's or WhisperX's.

#include <span>
#include <string>
#include <string_view>

namespace npuscribe::app {

/// What the other program counts in where npuscribe has seconds.
struct Unit {
    std::string_view name;  // "milliseconds"
    double seconds;
    std::string_view zero;  // what 0 means, where that is not 0
};

/// Another program's way to say something. Options of the same name, meaning and values need no entry.
struct Familiar {
    enum class Reading {
        means,     // `text` is what was meant: options, of which the last takes the value where it has none
        input,     // its value is an input
        left_out,  // it asks for what is done anyway, or not at all
        refused,   // it has no counterpart; `text` says what to do instead
    };

    std::string_view typed;  // with each of its names: "-ot --offset-t"
    std::string_view value;  // the entry is for this value alone, in lower case; empty: for all, or for none
    Reading reading;
    std::string_view text = {};
    const Unit* unit = nullptr;
};

/// All entries; one for a single value stands before the one for all.
std::span<const Familiar> familiar_options();

/// The entry for an option as typed ('_' already '-') with the value that follows it, if any; or nothing.
const Familiar* familiar(std::string_view typed, const std::string* value);

}  // namespace npuscribe::app
