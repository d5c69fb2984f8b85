#pragma once
// Text and file names inside HTML and SVG.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace npuscribe::output {

/// Any bytes as text, or as an attribute's value between quotes: valid UTF-8 on a single line, with what HTML
/// and XML give a meaning to (& < > " ') as character references.
std::string escaped(std::string_view bytes);

/// A path as a relative reference (RFC 3986): every byte that is not a letter, a digit or one of "-._~/" is
/// percent-encoded, so that no name is taken for a scheme, a query or a fragment.
std::string url_path(const std::filesystem::path& path);

/// How a page in `directory` refers to `file`: relative to it, "../talk%20one.wav". Symbolic links on the way
/// are followed only where the names alone would lead elsewhere.
std::string relative_url(const std::filesystem::path& file, const std::filesystem::path& directory);

/// `page` with each {{name}} replaced, once: what is filled in is not looked at again. A name that `values`
/// lacks stays as it is.
std::string filled(std::string_view page, const std::map<std::string, std::string, std::less<>>& values);

}  // namespace npuscribe::output
