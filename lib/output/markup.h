#pragma once
// Text and file names inside HTML and SVG.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace npuscribe::output {

/// Converts any bytes to text, or to an attribute's value between quotes: valid UTF-8 on a single line, with
/// the characters that have a meaning in HTML and XML (& < > " ') as character references.
std::string escaped(std::string_view bytes);

/// Converts a path to a relative reference (RFC 3986): every byte that is not a letter, a digit or one of
/// "-._~/" is percent-encoded, so that no name is taken for a scheme, a query or a fragment.
std::string url_path(const std::filesystem::path& path);

/// The reference to `file` from a page in `directory`, such as "../talk%20one.wav". Follows symbolic links
/// only if the names alone would lead to another file.
std::string relative_url(const std::filesystem::path& file, const std::filesystem::path& directory);

/// `page` with each {{name}} replaced by its value. Names inside values are not replaced, nor are names that
/// `values` lacks.
std::string filled(std::string_view page, const std::map<std::string, std::string, std::less<>>& values);

}  // namespace npuscribe::output
