#pragma once
// Options of other Whisper programs, for people who are used to them: openai-whisper, whisper.cpp,
// whisper-ctranslate2 and WhisperX. And the translation of what people type to what CLI11 takes.

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

/// The unit that the other program counts in; npuscribe takes seconds.
struct Unit {
    std::string_view name;  // "milliseconds"
    double seconds;
    std::string_view zero;  // what 0 means, unless it is 0
};

/// An option of another program. Options with the name, meaning and values of npuscribe's need no entry.
struct Familiar {
    enum class Reading {
        means,      // `text` has npuscribe's options for it; the last takes the value unless it has one
        input,      // its value is an input
        recording,  // its value is an input if it is a recording; else it is npuscribe's own option
        left_out,   // it asks for what npuscribe always does, or for what it has no use for
        refused,    // it has no counterpart; `text` says what to do instead
    };

    std::string_view typed;  // all of its names: "-ot --offset-t"
    std::string_view value;  // the only value, in lower case, that the entry is for; empty: any
    Reading reading;
    std::string_view text = {};
    const Unit* unit = nullptr;
};

/// All entries. Those for a single value stand before the one for any value.
std::span<const Familiar> familiar_options();

/// The entry for an option as typed ('_' already '-') with the value that follows it, if any; or null.
const Familiar* find(std::span<const Familiar> entries, std::string_view typed, const std::string* value);

/// `arguments`, which follow the name of `command`, in the spellings that CLI11 knows: --beam_size becomes
/// --beam-size,
/// --vad False becomes --vad=False, and what `familiar` says of another program's option is done. Values and
/// what follows "--" stay as they are. Throws UsageError that names all options without a counterpart.
std::vector<std::string> translate(const CLI::App& command, const std::vector<std::string>& arguments,
                                   std::span<const Familiar> familiar = {});

}  // namespace npuscribe::app
