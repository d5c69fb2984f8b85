#pragma once
// Text in the columns of a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace npuscribe::app {

/// A file's name or a message as one harmless line: characters and bytes that a terminal would obey, and
/// those that change the direction of writing, become '?'. Other bytes stay as they are, valid UTF-8 or not.
std::string printable(std::string_view text);

/// The same for text of several lines, which stay lines.
std::string printable_lines(std::string_view text);

/// Columns that `text` takes: 2 for a wide character (Chinese, Japanese, Korean, emoji), 0 for one that is
/// put on top of another, 1 for each byte that is not UTF-8.
size_t columns_of(std::string_view text);

/// As much of `text` as fits `columns`, cut between characters.
std::string cut(std::string_view text, size_t columns);

/// `text`, at most `columns` wide: what is too long has its middle replaced by "…", as the beginning and the
/// end of a file's name tell it from others.
std::string shorten(std::string_view text, size_t columns);

}  // namespace npuscribe::app
