#pragma once
// Escaping of text for XML and HTML.

#include <string>
#include <string_view>

namespace npuscribe::xml {

/// Any bytes as text of an element or as an attribute's value between quotes: valid UTF-8, with spaces in
/// place of control characters and with character references in place of & < > " and '.
std::string escaped(std::string_view bytes);

}  // namespace npuscribe::xml
