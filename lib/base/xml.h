#pragma once
// Text in XML and HTML.

#include <string>
#include <string_view>

namespace npuscribe::xml {

/// Any bytes as text, or as an attribute's value between quotes: valid UTF-8, control characters as spaces,
/// and what markup gives a meaning to (& < > " ') as character references.
std::string escaped(std::string_view bytes);

}  // namespace npuscribe::xml
