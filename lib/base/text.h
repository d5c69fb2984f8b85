#pragma once
// Small operations on text that several folders need. All of them treat bytes above 127 as ordinary letters.

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe {

/// `text` without the ASCII white space at its ends.
std::string_view strip(std::string_view text);

/// `text` with ASCII's capital letters made small.
std::string to_lower(std::string_view text);

/// The parts of `text` between separators, in order. Empty text has no parts, and a separator at the end adds
/// none: split("a,,b,", ',') is {"a", "", "b"}. The parts point into `text`.
std::vector<std::string_view> split(std::string_view text, char separator);
/// A string that ends with the expression would leave the parts pointing at nothing.
template <std::same_as<std::string> T>
std::vector<std::string_view> split(T&& text, char separator) = delete;

/// `words` as a sentence lists them: "cpu, npu or emulated".
std::string list_words(std::span<const std::string_view> words, std::string_view last = "or");

/// `word` in single quotes, as a shell reads it literally: it's → 'it'\''s'.
std::string shell_quoted(std::string_view word);

}  // namespace npuscribe
